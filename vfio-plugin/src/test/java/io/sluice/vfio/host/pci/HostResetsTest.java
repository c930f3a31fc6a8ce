package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.BlockingDomain;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class HostResetsTest {
    private final HostRig rig = new HostRig("""
            rp root-port acs=true
            f0 endpoint < rp at=00.0 acs=true
            f1 endpoint < rp at=00.1 acs=true flr=false
            rp2 root-port acs=true
            up upstream-port < rp2
            dn0 downstream-port < up acs=true
            dn1 downstream-port < up acs=true
            a endpoint < dn0 flr=false
            b endpoint < dn1
            root integrated-endpoint flr=false
            """);
    private final HostResets resets = rig.host.resets();

    @AfterEach
    void close() {
        rig.close();
    }

    private static Errno refusal(Runnable request) {
        return catchThrowableOfType(HostException.class, request::run).errno();
    }

    @Test
    void aFunctionThatCanIsResetAlone() {
        int other = rig.card("f1").resets;
        rig.card("f0").store[0] = 1;
        resets.reset(rig.at("f0"));

        assertThat(rig.card("f0").store[0]).isZero();
        assertThat(rig.card("f1").resets).isEqualTo(other);
    }

    @Test
    void oneThatCannotIsResetByItsBusIfItIsAloneThere() {
        assertThat(resets.method(rig.at("f0"))).isEqualTo(HostResets.Method.FUNCTION_LEVEL);
        assertThat(resets.method(rig.at("f1"))).isEqualTo(HostResets.Method.NONE);
        assertThat(resets.method(rig.at("a"))).isEqualTo(HostResets.Method.BUS);
        assertThat(resets.method(rig.at("root"))).isEqualTo(HostResets.Method.NONE);
        rig.card("a").store[0] = 1;
        resets.reset(rig.at("a"));

        assertThat(rig.card("a").store[0]).isZero();
        assertThat(refusal(() -> resets.reset(rig.at("f1")))).isEqualTo(Errno.ENOTTY);
    }

    @Test
    void configurationIsAsBefore() {
        HostRig.master(rig.at("f0"));
        long bar = rig.bar("f0", 0);
        int command = rig.at("f0").configRead(4, 2);
        rig.host.memory().write(msix(), 8, 0x1122334455667788L);
        rig.host.memory().write(msix() + 12, 4, 0);
        resets.reset(rig.at("f0"));

        assertThat(rig.bar("f0", 0)).isEqualTo(bar);
        assertThat(rig.at("f0").configRead(4, 2)).isEqualTo(command);
        assertThat(rig.host.memory().read(msix(), 8)).isEqualTo(0x1122334455667788L);
        assertThat(rig.host.memory().read(msix() + 12, 4)).isZero();
        assertThat(rig.host.memory().read(bar, 1)).isZero();
    }

    private long msix() {
        return rig.at("f0").configRead(0x18, 4) & 0xFFFF_FFF0L
                | (long) rig.at("f0").configRead(0x1C, 4) << 32;
    }

    @Test
    void whatIsResetTogetherIsABus() {
        assertThat(resets.resetTogether(rig.at("f0")))
                .extracting(HostFunction::label)
                .containsExactly("f0", "f1");
        assertThat(resets.resetTogether(rig.at("up")))
                .extracting(HostFunction::label)
                .containsExactly("up", "dn0", "a", "dn1", "b");
        assertThat(resets.deviceSet(rig.at("f0"))).isSameAs(resets.deviceSet(rig.at("f1")));
        assertThat(resets.deviceSet(rig.at("a"))).isNotSameAs(resets.deviceSet(rig.at("b")));
        assertThat(refusal(() -> resets.resetTogether(rig.at("root")))).isEqualTo(Errno.ENODEV);
        assertThat(resets.deviceSet(rig.at("root"))).isSameAs(rig.at("root"));
    }

    @Test
    void aBusResetReachesEverythingBelowAndConfigurationComesBack() {
        rig.card("a").store[0] = 1;
        rig.card("b").store[0] = 1;
        resets.resetBus(rig.at("up"));

        assertThat(rig.card("a").store[0]).isZero();
        assertThat(rig.card("b").store[0]).isZero();
        rig.card("b").store[0] = 7;
        assertThat(rig.host.memory().read(rig.bar("b", 0), 1)).isEqualTo(7);
        assertThat(Isolation.pathEnforces(rig.at("b"), io.sluice.vmm.pci.Acs.ISOLATION))
                .isTrue();
    }

    @Test
    void theDomainIsBackAfterwardsAndBlockingMeanwhile() {
        rig.own("f0", 0x1000);
        var attached = rig.at("f0").group().domain(0);
        rig.at("f0").group().stageReset();

        assertThat(rig.at("f0").group().domain(0)).isSameAs(BlockingDomain.INSTANCE);
        assertThat(rig.card("f0").sends(0x1000, 1)).isFalse();
        assertThat(refusal(() -> resets.reset(rig.at("f0")))).isEqualTo(Errno.EBUSY);
        rig.at("f0").group().endReset();
        resets.reset(rig.at("f0"));
        assertThat(rig.at("f0").group().domain(0)).isSameAs(attached);
        assertThat(rig.card("f0").sends(0x1000, 1)).isTrue();
    }

    @Test
    void aBusResetThatCannotStageOneGroupStagesNone() {
        rig.at("f1").group().stageReset();

        assertThat(refusal(() -> resets.resetBus(rig.at("f0")))).isEqualTo(Errno.EBUSY);
        rig.at("f1").group().endReset();
        rig.at("f0").group().stageReset();
        rig.at("f0").group().endReset();
        resets.resetBus(rig.at("f0"));
    }

    @Test
    void aResetThatFailsAtAnyStepResetsNothing() {
        rig.card("f0").store[0] = 1;
        for (long step = 1; ; step++) {
            rig.steps.failNth(step);
            var refused = catchThrowableOfType(HostException.class, () -> resets.resetBus(rig.at("f0")));
            rig.steps.disarm();
            if (refused == null) {
                break;
            }
            assertThat(rig.card("f0").store[0]).isEqualTo((byte) 1);
        }

        assertThat(rig.card("f0").store[0]).isZero();
    }
}
