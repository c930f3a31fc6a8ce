package io.sluice.vfio.mdev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class MdevBusTest {
    private static final String ONE = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private static final String TWO = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
    private static final String THREE = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1003";

    private final DirectLoop loop = new DirectLoop();
    private final MdevBus bus = new MdevBus();
    private final BellDriver driver = new BellDriver();

    @BeforeEach
    void register() {
        bus.register(driver);
    }

    private MdevInstance create(String uuid) {
        return bus.create("bell-1", uuid, loop::strand);
    }

    private Errno refusal(Runnable request) {
        var refused = catchThrowableOfType(HostException.class, request::run);
        assertThat(refused).isNotNull();
        return refused.errno();
    }

    @Test
    void anInstanceIsFoundByItsPath() {
        var instance = create(ONE);

        assertThat(instance.path()).isEqualTo("/sys/bus/mdev/devices/" + ONE);
        assertThat(bus.find(instance.path())).isSameAs(instance);
        assertThat(bus.find(instance.path() + "/")).isSameAs(instance);
        assertThat(bus.find(instance.path().replace(ONE, ONE.toUpperCase(java.util.Locale.ROOT))))
                .isSameAs(instance);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "/sys/bus/mdev/devices/", "/sys/bus/mdev/devices", "/sys/bus/mdev/devices/x", ONE})
    void otherPathsNameNothing(String path) {
        create(ONE);

        assertThat(bus.find(path)).isNull();
    }

    @Test
    void aUuidMayEndInANewline() {
        assertThat(create(ONE + "\n").uuid()).isEqualTo(UUID.fromString(ONE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "83b8f4f2-509f-382f-3c1e-e6bfe0fa100",
                "83b8f4f2-509f-382f-3c1e-e6bfe0fa10011",
                "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\n\n",
                "83b8f4f2-509f-382f-3c1e-e6bfe0fa100g",
                "83b8f4f2x509f-382f-3c1e-e6bfe0fa1001"
            })
    void aMalformedUuidIsInvalid(String uuid) {
        assertThat(refusal(() -> create(uuid))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void aUuidIsUsedOnce() {
        create(ONE);

        assertThat(refusal(() -> create(ONE))).isEqualTo(Errno.EEXIST);
        assertThat(bus.instances()).hasSize(1);
    }

    @Test
    void moreThanTheTypeAllowsAreTooManyUsers() {
        create(ONE);
        create(TWO);

        assertThat(refusal(() -> create(THREE))).isEqualTo(Errno.EUSERS);
        assertThat(bus.types().get(0).available()).isZero();
        bus.remove(UUID.fromString(ONE));
        assertThat(create(THREE).uuid()).isEqualTo(UUID.fromString(THREE));
    }

    @Test
    void anUnknownTypeIsNoDevice() {
        assertThat(refusal(() -> bus.create("bell-9", ONE, loop::strand))).isEqualTo(Errno.ENODEV);
    }

    @Test
    void aDriverThatRefusesLeavesNothingBehind() {
        var stingy = new MdevDriver() {
            @Override
            public String name() {
                return "stingy";
            }

            @Override
            public List<MdevType> types() {
                return List.of(new MdevType("1", "", "", MdevType.VFIO_PCI, MdevType.DRIVER_COUNTS));
            }

            @Override
            public MdevDevice create(MdevType type, MdevContext context) {
                throw new HostException(Errno.ENOSPC, "stingy-1");
            }
        };
        bus.register(stingy);

        assertThat(refusal(() -> bus.create("stingy-1", ONE, loop::strand))).isEqualTo(Errno.ENOSPC);
        assertThat(bus.instances()).isEmpty();
        assertThat(create(ONE).uuid()).isEqualTo(UUID.fromString(ONE));
    }

    @Test
    void aDriverWithoutAnApiIsInvalid() {
        var mute = new MdevDriver() {
            @Override
            public String name() {
                return "mute";
            }

            @Override
            public List<MdevType> types() {
                return List.of(new MdevType("1", "", "", "", 1));
            }

            @Override
            public MdevDevice create(MdevType type, MdevContext context) {
                throw new IllegalStateException("never made");
            }
        };

        assertThat(refusal(() -> bus.register(mute))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> bus.register(new BellDriver()))).isEqualTo(Errno.EEXIST);
    }

    @Test
    void anInstanceHasOneUser() {
        var instance = create(ONE);
        instance.open();

        assertThat(refusal(instance::open)).isEqualTo(Errno.EBUSY);
        instance.release();
        assertThat(instance.open()).isNotNull();
    }

    @Test
    void removalOfAnOpenInstanceAsksItsUserAndWaitsForNobody() {
        var instance = create(ONE);
        var asked = new boolean[1];
        instance.open().setIrqs(SetIrqs.trigger(VfioIrq.REQ, 0, () -> asked[0] = true));

        boolean gone = bus.remove(instance.uuid());
        var again = refusal(() -> bus.remove(instance.uuid()));
        int closedBefore = driver.closed;
        instance.release();

        assertThat(gone).isFalse();
        assertThat(asked[0]).isTrue();
        assertThat(again).isEqualTo(Errno.EAGAIN);
        assertThat(closedBefore).isZero();
        assertThat(driver.closed).isEqualTo(1);
        assertThat(refusal(() -> bus.remove(instance.uuid()))).isEqualTo(Errno.ENODEV);
        assertThat(refusal(instance::open)).isEqualTo(Errno.ENODEV);
    }

    @Test
    void unregisteringTakesInstancesAndTypesAway() {
        create(ONE);
        var open = create(TWO);
        open.open();

        bus.unregister("bell");

        assertThat(bus.types()).isEmpty();
        assertThat(bus.instances()).containsExactly(open);
        assertThat(refusal(() -> create(THREE))).isEqualTo(Errno.ENODEV);
        open.release();
        assertThat(bus.instances()).isEmpty();
        assertThat(driver.closed).isEqualTo(2);
        assertThatThrownBy(() -> bus.unregister("bell")).hasMessage("bell: No such device");
    }
}
