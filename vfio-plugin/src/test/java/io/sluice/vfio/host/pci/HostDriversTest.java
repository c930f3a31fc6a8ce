package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class HostDriversTest {
    private final HostRig rig = new HostRig("""
            rp root-port acs=true
            f0 endpoint < rp at=00.0
            f1 endpoint < rp at=00.1
            alone integrated-endpoint
            """);
    private final HostDrivers drivers = rig.host.drivers();

    @AfterEach
    void close() {
        rig.close();
    }

    private static Errno refusal(Runnable request) {
        return catchThrowableOfType(HostException.class, request::run).errno();
    }

    private TestDriver register(TestDriver driver) {
        drivers.register(driver, rig.host.functions());
        return driver;
    }

    @Test
    void aDriverGetsWhatMatchesAndIsFree() {
        var driver = register(new TestDriver("f0"));

        assertThat(driver.told).containsExactly("probe f0");
        assertThat(rig.at("f0").driver()).isSameAs(driver);
        assertThat(rig.at("f1").driver()).isNull();
    }

    @Test
    void portsHaveTheirDriver() {
        assertThat(rig.at("rp").driver())
                .isNotNull()
                .extracting(HostDriver::name)
                .isEqualTo("pcieport");
    }

    @Test
    void aNativeDriverKeepsItsGroupFromBeingOwned() {
        register(new TestDriver("f0"));

        assertThat(refusal(() -> rig.at("f1").group().claim(this))).isEqualTo(Errno.EBUSY);
        drivers.unbind(rig.at("f0"));
        rig.at("f1").group().claim(this);
        rig.at("f1").group().release(this);
    }

    @Test
    void aDriverOfPortsDoesNot() {
        rig.at("rp").group().claim(this);
        rig.at("rp").group().release(this);
    }

    @Test
    void aNativeDriverCannotHaveWhatIsInAnOwnedGroup() {
        rig.at("f1").group().claim(this);
        var driver = register(new TestDriver("f0"));

        assertThat(driver.told).isEmpty();
        assertThat(refusal(() -> drivers.bind(rig.at("f0"), "f0"))).isEqualTo(Errno.EBUSY);
        rig.at("f1").group().release(this);
        drivers.bind(rig.at("f0"), "f0");
        assertThat(rig.at("f0").driver()).isSameAs(driver);
    }

    @Test
    void vfioTakesAFunctionByOverrideAlone() {
        var vfio = register(new TestDriver("vfio-pci").asVfio());

        assertThat(refusal(() -> drivers.bind(rig.at("f0"), "vfio-pci"))).isEqualTo(Errno.ENODEV);
        drivers.override(rig.at("f0"), "vfio-pci");
        drivers.bind(rig.at("f0"), "vfio-pci");
        assertThat(rig.at("f0").driver()).isSameAs(vfio);
        rig.at("f0").group().claim(this);
        rig.at("f0").group().release(this);
    }

    @Test
    void anOverrideShutsOutTheDriverThatMatches() {
        drivers.override(rig.at("f0"), "vfio-pci");
        var driver = register(new TestDriver("f0"));

        assertThat(driver.told).isEmpty();
        assertThat(refusal(() -> drivers.bind(rig.at("f0"), "f0"))).isEqualTo(Errno.ENODEV);
    }

    @Test
    void aDriverThatRefusesLeavesNothing() {
        var driver = new TestDriver("f0");
        driver.refusal = new HostException(Errno.ENOMEM, "not today");
        register(driver);

        assertThat(refusal(() -> drivers.bind(rig.at("f0"), "f0"))).isEqualTo(Errno.ENOMEM);
        assertThat(rig.at("f0").driver()).isNull();
        rig.at("f0").group().claim(this);
        rig.at("f0").group().release(this);
    }

    @Test
    void refusalsAreThoseOfTheKernel() {
        register(new TestDriver("f0"));

        assertThat(refusal(() -> drivers.bind(rig.at("f0"), "f0"))).isEqualTo(Errno.EBUSY);
        assertThat(refusal(() -> drivers.bind(rig.at("f1"), "f0"))).isEqualTo(Errno.ENODEV);
        assertThat(refusal(() -> drivers.bind(rig.at("f1"), "nobody"))).isEqualTo(Errno.ENODEV);
        assertThat(refusal(() -> drivers.unbind(rig.at("f1")))).isEqualTo(Errno.ENODEV);
        assertThat(refusal(() -> register(new TestDriver("f0")))).isEqualTo(Errno.EBUSY);
    }

    @Test
    void aChangeDuringAChangeIsRefusedAndNobodyWaits() {
        var driver = new TestDriver("f0");
        var during = new Errno[2];
        driver.onProbe = () -> {
            during[0] = refusal(() -> drivers.unbind(rig.at("f0")));
            during[1] = refusal(() -> rig.host.unplug(rig.at("f0")));
        };
        register(driver);

        assertThat(during).containsExactly(Errno.EBUSY, Errno.EBUSY);
        assertThat(rig.at("f0").driver()).isSameAs(driver);
        assertThat(rig.at("f0").isGone()).isFalse();
    }

    @Test
    void aDriverThatLeavesGivesUpWhatItHas() {
        var driver = register(new TestDriver("f0"));
        drivers.unregister(driver, rig.host.functions());

        assertThat(driver.told).containsExactly("probe f0", "remove f0");
        assertThat(rig.at("f0").driver()).isNull();
        assertThat(drivers.find("f0")).isNull();
    }

    @Test
    void theNumberOfItsFileGoesWithTheDriver() {
        register(new TestDriver("f0").asVfio());
        rig.at("f0").vfioNumber(3);
        drivers.unbind(rig.at("f0"));

        assertThat(rig.at("f0").vfioNumber()).isEqualTo(-1);
    }

    @Test
    void bindingThatFailsAtAnyStepLeavesNothing() {
        register(new TestDriver("f0"));
        drivers.unbind(rig.at("f0"));
        rig.steps.failNth(1);
        assertThat(refusal(() -> drivers.bind(rig.at("f0"), "f0"))).isEqualTo(Errno.ENOMEM);
        assertThat(rig.steps.disarm()).containsExactly("host.pci.bind.driver");
        drivers.bind(rig.at("f0"), "f0");

        assertThat(rig.at("f0").driver()).isNotNull();
    }
}
