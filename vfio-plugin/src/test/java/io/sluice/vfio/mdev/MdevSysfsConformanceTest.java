package io.sluice.vfio.mdev;

import static io.sluice.vfio.mdev.MdevRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vmm.testkit.DirectLoop;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The bus as sysfs shows it.
@Timeout(120)
class MdevSysfsConformanceTest {
    private static final String ONE = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private static final String TWO = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
    private static final String THREE = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1003";
    private static final String TYPE = "/sys/class/mdev_bus/bell/mdev_supported_types/bell-1/";
    private static final String INSTANCE = "/sys/bus/mdev/devices/" + ONE + "/";

    private final MdevBus bus = new MdevBus();
    private final MdevSysfs sysfs = new MdevSysfs(bus, new DirectLoop()::strand);

    MdevSysfsConformanceTest() {
        bus.register(new BellDriver());
    }

    @ParameterizedTest
    @CsvSource({"name, Bell", "available_instances, 2", "device_api, vfio-pci"})
    void aTypeHasItsFiles(String file, String text) {
        assertThat(sysfs.read(TYPE + file)).isEqualTo(text + "\n");
        refused(Errno.EACCES, () -> sysfs.write(TYPE + file, "x"));
    }

    @Test
    void filesThatAreNotThereAreRefused() {
        refused(Errno.ENOENT, () -> sysfs.read(TYPE + "description"));
        refused(Errno.ENOENT, () -> sysfs.read(TYPE + "other"));
        refused(Errno.ENOENT, () -> sysfs.write(TYPE + "other", "x"));
        refused(Errno.ENOENT, () -> sysfs.read("/sys/class/mdev_bus/bell/mdev_supported_types/bell-9/name"));
        refused(Errno.ENOENT, () -> sysfs.read("/sys/class/mdev_bus/clock/mdev_supported_types/bell-1/name"));
        refused(Errno.ENOENT, () -> sysfs.read("/etc/passwd"));
        refused(Errno.ENOENT, () -> sysfs.read(INSTANCE + "mdev_type"));
        refused(Errno.EACCES, () -> sysfs.read(TYPE + "create"));
    }

    @ParameterizedTest
    @ValueSource(strings = {ONE, ONE + "\n"})
    void aUuidThatIsWrittenMakesAnInstance(String text) {
        sysfs.write(TYPE + "create", text);

        assertThat(sysfs.read(INSTANCE + "mdev_type"))
                .isEqualTo("/sys/class/mdev_bus/bell/mdev_supported_types/bell-1\n");
        assertThat(sysfs.read(TYPE + "available_instances")).isEqualTo("1\n");
        assertThat(bus.host().find(ONE)).isNotNull();
        refused(Errno.EEXIST, () -> sysfs.write(TYPE + "create", ONE));
        refused(Errno.EACCES, () -> sysfs.read(INSTANCE + "remove"));
        refused(Errno.EACCES, () -> sysfs.write(INSTANCE + "mdev_type", "x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "83b8f4f2509f382f3c1ee6bfe0fa1001", ONE + "\n\n", ONE + "0", "{" + ONE + "}"})
    void whatIsNoUuidMakesNothing(String text) {
        refused(Errno.EINVAL, () -> sysfs.write(TYPE + "create", text));
    }

    @Test
    void theBusCountsInstancesWhereTheDriverGivesANumber() {
        sysfs.write(TYPE + "create", ONE);
        sysfs.write(TYPE + "create", TWO);

        refused(Errno.EUSERS, () -> sysfs.write(TYPE + "create", THREE));
    }

    @Test
    void oneThatIsWrittenRemoves() {
        sysfs.write(TYPE + "create", ONE);

        refused(Errno.EINVAL, () -> sysfs.write(INSTANCE + "remove", "x"));
        sysfs.write(INSTANCE + "remove", "0\n");
        assertThat(bus.instances()).hasSize(1);
        sysfs.write(INSTANCE + "remove", "1\n");

        assertThat(bus.instances()).isEmpty();
        assertThat(bus.host().nodes()).isEmpty();
        refused(Errno.ENOENT, () -> sysfs.write(INSTANCE + "remove", "1"));
    }

    @Test
    void aRemovalThatWaitsForItsUserIsNotAskedForTwice() {
        sysfs.write(TYPE + "create", ONE);
        var instance = bus.instances().getFirst();
        instance.open();
        sysfs.write(INSTANCE + "remove", "1");

        refused(Errno.EAGAIN, () -> sysfs.write(INSTANCE + "remove", "1"));
        instance.release();
        refused(Errno.ENOENT, () -> sysfs.write(INSTANCE + "remove", "1"));
    }

    @Test
    void withItsParentEverythingGoes() {
        sysfs.write(TYPE + "create", ONE);

        bus.unregister("bell");

        refused(Errno.ENOENT, () -> sysfs.read(TYPE + "name"));
        assertThat(bus.instances()).isEmpty();
        assertThat(bus.host().nodes()).isEmpty();
    }
}
