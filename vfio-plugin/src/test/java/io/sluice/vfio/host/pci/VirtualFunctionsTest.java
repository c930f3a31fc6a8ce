package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.pci.Sriov;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class VirtualFunctionsTest {
    private final HostRig rig = new HostRig("""
            rp root-port acs=true
            pf endpoint < rp ari=true ats=true pri=true pasid=true sriov.total=4 sriov.first-offset=8 sriov.stride=2 sriov.device-id=0x9999
            """);
    private final TestDriver driver = new TestDriver("pf").withVfs();

    @BeforeEach
    void bindThePhysicalFunction() {
        rig.host.drivers().register(driver, rig.host.functions());
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private Errno refusal(Runnable request) {
        return catchThrowableOfType(HostException.class, request::run).errno();
    }

    private void enable(int count) {
        rig.host.setNumVfs(rig.at("pf"), count);
    }

    @Test
    void theyAppearWhereOffsetAndStrideSay() {
        enable(3);

        assertThat(rig.at("pf").virtuals())
                .extracting(HostFunction::toString)
                .containsExactly("0000:01:01.0 (pf-vf0)", "0000:01:01.2 (pf-vf1)", "0000:01:01.4 (pf-vf2)");
        assertThat(rig.at("pf-vf1").physical()).isSameAs(rig.at("pf"));
    }

    @Test
    void theirIdsAreThosePhysicalFunctionSays() {
        enable(1);

        assertThat(rig.at("pf-vf0").configRead(0, 4)).isEqualTo(-1);
        assertThat(rig.at("pf-vf0").vendor()).isEqualTo(0x1234);
        assertThat(rig.at("pf-vf0").device()).isEqualTo(0x9999);
    }

    @Test
    void theyHaveNoBarsNoPinAndNoMemoryEnableOfTheirOwn() {
        enable(1);
        var vf = rig.at("pf-vf0");
        for (int bar = 0x10; bar < 0x28; bar += 4) {
            vf.configWrite(bar, 4, -1);
            assertThat(vf.configRead(bar, 4)).isZero();
        }
        vf.configWrite(4, 2, 0xFFFF);

        assertThat(vf.configRead(4, 2)).isEqualTo(4);
        assertThat(vf.configRead(0x3D, 1)).isZero();
        assertThat(vf.configRead(0x0E, 1)).isZero();
    }

    @Test
    void theirBarsLieOneAfterTheOtherWhereThePhysicalFunctionPutThem() {
        enable(3);
        long first = rig.at("pf").configRead(sriov() + Sriov.FIRST_BAR, 4) & 0xFFFF_FFF0L;
        for (int vf = 0; vf < 3; vf++) {
            rig.card("pf-vf" + vf).store[4] = (byte) (vf + 1);
        }

        assertThat(rig.host.memory().read(first + 4, 1)).isEqualTo(1);
        assertThat(rig.host.memory().read(first + 4096 + 4, 1)).isEqualTo(2);
        assertThat(rig.host.memory().read(first + 2 * 4096 + 4, 1)).isEqualTo(3);
        assertThat(rig.host.memory().read(first + 3 * 4096 + 4, 1)).isEqualTo(0xFF);
    }

    private int sriov() {
        return Objects.requireNonNull(rig.at("pf").pci().extensions().sriov()).base();
    }

    @Test
    void theyAnswerOnlyWhileTheirMemoryIsEnabled() {
        enable(1);
        long first = rig.at("pf").configRead(sriov() + Sriov.FIRST_BAR, 4) & 0xFFFF_FFF0L;
        rig.card("pf-vf0").store[0] = 7;
        rig.at("pf").configWrite(sriov() + Sriov.CONTROL, 2, Sriov.VF_ENABLE);

        assertThat(rig.host.memory().read(first, 1)).isEqualTo(0xFF);
        rig.at("pf").configWrite(sriov() + Sriov.CONTROL, 2, Sriov.VF_ENABLE | Sriov.VF_MEMORY);
        assertThat(rig.host.memory().read(first, 1)).isEqualTo(7);
    }

    @Test
    void theirNumberIsFixedWhileTheyAreEnabled() {
        enable(2);
        rig.at("pf").configWrite(sriov() + Sriov.NUM_VFS, 2, 4);

        assertThat(rig.at("pf").configRead(sriov() + Sriov.NUM_VFS, 2)).isEqualTo(2);
    }

    @Test
    void eachHasItsOwnWayThroughTheIommu() {
        enable(2);
        rig.own("pf-vf0", 0x10000);
        HostRig.master(rig.at("pf-vf1"));

        assertThat(rig.card("pf-vf0").sends(0x10000, 0x21)).isTrue();
        assertThat(rig.card("pf-vf1").sends(0x10001, 0x22)).isFalse();
        assertThat(rig.card("pf").sends(0x10002, 0x23)).isFalse();
        assertThat(rig.inMemory(0)).isEqualTo((byte) 0x21);
        assertThat(rig.inMemory(1)).isZero();
    }

    @Test
    void theyShareThePasidsOfThePhysicalFunction() {
        enable(1);

        assertThat(rig.at("pf-vf0").pci().extensions().pasid()).isNull();
        assertThat(rig.at("pf-vf0").pci().extensions().ats()).isNotNull();
        assertThat(rig.at("pf-vf0").iommu().maxPasids()).isEqualTo(1 << 20);
        assertThat(rig.at("pf-vf0").iommu().traits().pri()).isTrue();
    }

    @Test
    void disablingTakesThemFromTheirDriversAndNothingOfThemMoves() {
        var vfDriver = new TestDriver("pf-vf0").asVfio();
        rig.host.drivers().register(vfDriver, rig.host.functions());
        enable(2);
        rig.own("pf-vf0", 0);
        var gone = rig.at("pf-vf0");
        enable(0);

        assertThat(vfDriver.told).containsExactly("probe pf-vf0", "remove pf-vf0");
        assertThat(rig.at("pf").virtuals()).isEmpty();
        assertThat(rig.host.find("pf-vf0")).isNull();
        assertThat(rig.card("pf-vf0").sends(0, 1)).isFalse();
        assertThat(catchThrowableOfType(HostException.class, gone::iommu).errno())
                .isEqualTo(Errno.ENODEV);
    }

    @Test
    void theyComeBackAsNew() {
        enable(1);
        rig.card("pf-vf0").store[0] = 9;
        enable(0);
        enable(4);

        assertThat(rig.card("pf-vf0").store[0]).isZero();
        assertThat(rig.at("pf").virtuals()).hasSize(4);
    }

    @Test
    void refusalsAreThoseOfTheKernel() {
        assertThat(refusal(() -> enable(5))).isEqualTo(Errno.ERANGE);
        assertThat(refusal(() -> enable(-1))).isEqualTo(Errno.ERANGE);
        assertThat(refusal(() -> rig.host.setNumVfs(rig.at("rp"), 1))).isEqualTo(Errno.ERANGE);
        enable(1);
        enable(1);
        assertThat(refusal(() -> enable(2))).isEqualTo(Errno.EBUSY);
    }

    @Test
    void withoutADriverThatEnablesThemThereAreNone() {
        rig.host.drivers().unbind(rig.at("pf"));

        assertThat(refusal(() -> enable(1))).isEqualTo(Errno.ENOENT);
    }

    @Test
    void aDriverThatGivesThePhysicalFunctionUpTakesThemAlong() {
        enable(2);
        rig.host.drivers().unbind(rig.at("pf"));

        assertThat(rig.host.functions()).extracting(HostFunction::label).containsExactly("rp", "pf");
    }

    @Test
    void unpluggingThePhysicalFunctionTakesThemAlong() {
        enable(2);
        rig.host.unplug(rig.at("pf"));

        assertThat(rig.host.functions()).extracting(HostFunction::label).containsExactly("rp");
        assertThat(rig.cards.values()).allMatch(card -> card.closed);
    }

    @Test
    void aFunctionLevelResetResetsOneAlone() {
        enable(2);
        int before = rig.card("pf-vf1").resets;
        rig.card("pf-vf0").store[0] = 9;
        rig.host.resets().reset(rig.at("pf-vf0"));

        assertThat(rig.card("pf-vf0").store[0]).isZero();
        assertThat(rig.card("pf-vf1").resets).isEqualTo(before);
        assertThat(rig.at("pf-vf0").configRead(0, 4)).isEqualTo(-1);
    }

    @Test
    void aResetOfThePhysicalFunctionBringsThemBack() {
        enable(2);
        rig.own("pf-vf0", 0);
        long first = rig.at("pf").configRead(sriov() + Sriov.FIRST_BAR, 4) & 0xFFFF_FFF0L;
        rig.card("pf-vf0").store[0] = 9;
        rig.host.resets().reset(rig.at("pf"));

        assertThat(rig.card("pf-vf0").store[0]).isZero();
        rig.card("pf-vf1").store[0] = 3;
        assertThat(rig.host.memory().read(first + 4096, 1)).isEqualTo(3);
        assertThat(rig.card("pf-vf0").sends(0, 0x44)).isTrue();
    }

    @Test
    void withLargerPagesTheyLieFurtherApart() {
        var pf = rig.at("pf");
        pf.configWrite(sriov() + Sriov.SYSTEM_PAGE_SIZE, 4, 0x10);
        var bar = Objects.requireNonNull(pf.pci().extensions().sriov());

        assertThat(bar.aperture(bar.settings().bars().getFirst())).isEqualTo(0x10000);
        pf.configWrite(sriov() + Sriov.FIRST_BAR, 4, -1);
        assertThat(pf.configRead(sriov() + Sriov.FIRST_BAR, 4)).isEqualTo(0xFFFF_0000);
        pf.configWrite(sriov() + Sriov.SYSTEM_PAGE_SIZE, 4, 0x30);
        assertThat(pf.configRead(sriov() + Sriov.SYSTEM_PAGE_SIZE, 4)).isEqualTo(0x10);
    }

    @Test
    void theyStayWhileOneIsBeingGivenToADriver() {
        var vfDriver = new TestDriver("pf-vf1");
        var refused = new Errno[2];
        vfDriver.onProbe = () -> {
            refused[0] = refusal(() -> enable(0));
            refused[1] = refusal(() -> rig.host.drivers().unbind(rig.at("pf")));
        };
        rig.host.drivers().register(vfDriver, rig.host.functions());
        enable(2);

        assertThat(refused).containsExactly(Errno.EBUSY, Errno.EBUSY);
        assertThat(rig.at("pf").driver()).isSameAs(driver);
        assertThat(rig.at("pf-vf1").driver()).isSameAs(vfDriver);
        enable(0);
        assertThat(vfDriver.told).containsExactly("probe pf-vf1", "remove pf-vf1");
    }

    @Test
    void enablingThatFailsLeavesNone() {
        for (long step = 1; ; step++) {
            rig.steps.failNth(step);
            var refused = catchThrowableOfType(HostException.class, () -> enable(3));
            var passed = rig.steps.disarm();
            if (refused == null) {
                assertThat(passed).hasSize((int) step - 1);
                break;
            }
            assertThat(rig.host.functions()).extracting(HostFunction::label).containsExactly("rp", "pf");
            assertThat(rig.at("pf").configRead(sriov() + Sriov.CONTROL, 2)).isZero();
        }

        assertThat(rig.at("pf").virtuals()).hasSize(3);
    }
}
