package io.sluice.vfio.vfio.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.testkit.Passthrough;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.testkit.ConfigDump;
import io.sluice.vmm.testkit.Golden;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Configuration space as its user sees it: the rows of docs/vfio-pci.md.
@Timeout(120)
class VfioPciConfigTest {
    private static final int COMMAND = 0x04;
    private static final int MEMORY = 2;
    private static final int MASTER = 4;
    private static final int INTX_DISABLE = 0x400;
    private static final int EXPRESS = 0x10;
    private static final int MSI = 0x05;
    private static final int POWER = 0x01;

    private final Passthrough rig = new Passthrough();

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void everyRegisterIsTreatedAsTheTableSays() {
        var text = new StringBuilder();
        for (var name : new String[] {"edu0", "nvme0", "copier0"}) {
            var function = rig.open(name);
            text.append(ConfigDump.of(name, at -> function.config(at, 1)))
                    .append(new ConfigLayout(new HardwareConfig(function.function.pci())).text())
                    .append('\n');
        }

        Golden.check("vfio-plugin/src/test/resources/vfio-pci-config.txt", text.toString());
    }

    /// vfio_pci_device: the ids are those that sysfs has.
    @Test
    void idsAreTheFunctionsAndCannotBeWritten() {
        var copier = rig.open("copier0");

        copier.config(0, 4, 0);

        assertThat(copier.config(0, 2)).isEqualTo(copier.function.vendor()).isEqualTo(0x1234);
        assertThat(copier.config(2, 2)).isEqualTo(copier.function.device()).isEqualTo(0xC0B1);
    }

    /// vfio_pci_device: bus mastering is off at open, and the user's to turn on.
    @Test
    void busMasteringIsOffAtOpenAndToggles() {
        var copier = rig.bind("copier0");
        copier.function.configWrite(COMMAND, 2, MEMORY | MASTER);
        copier.open();

        int atOpen = copier.real(COMMAND, 2) & MASTER;
        copier.config(COMMAND, 2, copier.config(COMMAND, 2) | MASTER);
        int on = copier.real(COMMAND, 2) & MASTER;
        copier.config(COMMAND, 2, copier.config(COMMAND, 2) & ~MASTER);

        assertThat(atOpen).isZero();
        assertThat(on).isEqualTo(MASTER);
        assertThat(copier.real(COMMAND, 2) & MASTER).isZero();
    }

    @Test
    void barsAreSizedInTheShadowAndNeverMove() {
        var nvme = rig.open("nvme0");
        int before = nvme.real(0x10, 4);

        nvme.config(0x10, 4, -1);
        nvme.config(0x14, 4, -1);
        nvme.config(0x18, 4, -1);

        assertThat(nvme.config(0x10, 4)).isEqualTo(0xFFFF_C004);
        assertThat(nvme.config(0x14, 4)).isEqualTo(-1);
        assertThat(nvme.config(0x18, 4)).isZero();
        assertThat(nvme.real(0x10, 4)).isEqualTo(before);
        assertThat(before & ~0xF).isNotZero();
    }

    @Test
    void withoutMemoryDecodingBarsAnswerEio() {
        var copier = rig.open("copier0");
        copier.bar(0, 8, 0x1122);
        var mapped = copier.mapping();

        copier.config(COMMAND, 2, 0);
        long shut = mapped.read(0, 8);
        var read = catchThrowableOfType(HostException.class, () -> copier.bar(0, 8));
        var write = catchThrowableOfType(HostException.class, () -> copier.bar(0, 8, 1));
        mapped.write(0, 8, 0x99);
        copier.config(COMMAND, 2, MEMORY);

        assertThat(shut).isEqualTo(-1);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        assertThat(copier.bar(0, 8)).isEqualTo(0x1122);
        assertThat(mapped.read(0, 8)).isEqualTo(0x1122);
    }

    @Test
    void intxDisableIsVirtual() {
        var edu = rig.open("edu0");

        edu.config(COMMAND, 2, MEMORY | INTX_DISABLE);
        int shown = edu.config(COMMAND, 2);
        edu.config(COMMAND, 2, MEMORY);

        assertThat(shown & INTX_DISABLE).isNotZero();
        assertThat(edu.config(COMMAND, 2) & INTX_DISABLE).isZero();
    }

    @Test
    void enablingMsiInConfigurationSpaceDoesNothing() {
        var copier = rig.open("copier0");
        int msi = copier.capability(MSI);

        copier.config(msi + 4, 4, 0xFEE0_1000);
        copier.config(msi + 2, 2, 0x0071);

        assertThat(copier.config(msi + 2, 2) & 1).isZero();
        assertThat(copier.config(msi + 2, 2) >> 4 & 7).isEqualTo(2); // four vectors are all that there are
        assertThat(copier.config(msi + 4, 4)).isEqualTo(0xFEE0_1000);
        assertThat(copier.real(msi + 4, 4)).isZero();
        assertThat(copier.real(msi + 2, 2) & 1).isZero();
    }

    @Test
    void pasidIsHiddenAndWhatFollowsItIsStillFound() {
        var copier = rig.open("copier0");
        var ids = new java.util.ArrayList<Integer>();

        for (int at = 0x100; at != 0; at = copier.config(at, 4) >>> 20) {
            ids.add(copier.config(at, 2));
        }

        assertThat(ids).doesNotContain(0x1B).contains(0x0E, 0x0F, 0x13);
        assertThat(copier.function.pci().extensions().pasid()).isNotNull();
    }

    @Test
    void translationServicesCanBeSeenAndNotWritten() {
        var copier = rig.open("copier0");
        int ats = new HardwareConfig(copier.function.pci()).find(ConfigPart.ADDRESS_TRANSLATION);

        int before = copier.real(ats + 6, 2);

        copier.config(ats + 6, 2, ~before);

        assertThat(copier.config(ats, 2)).isEqualTo(0x0F);
        assertThat(copier.config(ats + 6, 2)).isEqualTo(before);
        assertThat(copier.real(ats + 6, 2)).isEqualTo(before);
    }

    @Test
    void aFunctionLevelResetResetsAndReadsBackAsNought() {
        var copier = rig.open("copier0");
        int control = copier.capability(EXPRESS) + 8;
        copier.bar(0, 8, 0x1122);

        copier.config(control, 2, copier.config(control, 2) | 0x8000);

        assertThat(copier.config(control, 2) & 0x8000).isZero();
        assertThat(copier.bar(0, 8)).isZero();
        assertThat(copier.config(COMMAND, 2) & MEMORY).isNotZero();
    }

    @Test
    void aResetBehindTheDriversBackIsMendedWhenDecodingIsTurnedOn() {
        var copier = rig.open("copier0");
        int bar = copier.real(0x10, 4);
        copier.config(COMMAND, 2, MEMORY);

        copier.function.pci().reset();
        int lost = copier.real(0x10, 4);
        copier.config(COMMAND, 2, MEMORY);

        assertThat(lost).isNotEqualTo(bar);
        assertThat(copier.real(0x10, 4)).isEqualTo(bar);
        assertThat(copier.bar(Copy.STATUS, 8)).isZero();
    }

    @Test
    void payloadSizeIsTheHostsAndAReadRequestIsNoSmaller() {
        var copier = rig.open("copier0");
        int control = copier.capability(EXPRESS) + 8;
        copier.function.configWrite(control, 2, 0x2040);

        copier.config(control, 2, 0x10A0);

        assertThat(copier.config(control, 2) & 0x70E0).isEqualTo(0x10A0);
        assertThat(copier.real(control, 2) & 0x70E0).isEqualTo(0x2040);
    }

    @Test
    void statusBitsThatOnesClearSurviveAWriteBesideThem() {
        var copier = rig.open("copier0");
        int control = copier.capability(EXPRESS) + 8;

        copier.config(control, 4, 0x000F_0000 | 0x2810);

        assertThat(new ConfigLayout(new HardwareConfig(copier.function.pci())).writable(control + 2))
                .isZero();
    }

    @Test
    void thePowerStateReallyChanges() {
        var copier = rig.open("copier0");
        int control = copier.capability(POWER) + 4;

        copier.config(control, 2, 3);
        var asleep = catchThrowableOfType(HostException.class, () -> copier.bar(0, 8));
        int state = copier.config(control, 2) & 3;
        copier.config(control, 2, 0);

        assertThat(state).isEqualTo(3);
        assertThat(asleep.errno()).isEqualTo(Errno.EIO);
        assertThat(copier.bar(0, 8)).isZero();
        assertThat(copier.config(copier.capability(POWER) + 2, 2) & 0xF800).isZero();
    }

    @Test
    void vendorBytesGoToTheFunctionAndTheRestIsReadOnly() {
        var copier = rig.open("copier0");
        int vendor = copier.capability(0x09);

        copier.config(vendor + 3, 1, 0xFF);
        copier.config(vendor, 2, 0xFFFF);

        assertThat(copier.config(vendor + 3, 1)).isEqualTo(0x11); // the function itself does not let it be written
        assertThat(copier.config(vendor, 1)).isEqualTo(9);
        assertThat(copier.config(vendor + 2, 1)).isEqualTo(8);
    }

    @Test
    void theInterruptLineIsTheUsersAndHasNoMeaning() {
        var copier = rig.open("copier0");

        copier.config(0x3C, 1, 0x5A);

        assertThat(copier.config(0x3C, 1)).isEqualTo(0x5A);
        assertThat(copier.real(0x3C, 1)).isNotEqualTo(0x5A);
        assertThat(copier.config(0x3D, 1)).isEqualTo(1);
    }

    @Test
    void theMsixTableIsTheHosts() {
        var nvme = rig.open("nvme0");
        nvme.listen(VfioIrq.MSIX, 0, () -> {});

        nvme.bar(0x2000, 4, 0xDEAD_BEEFL);

        assertThat(nvme.bar(0x2000, 8)).isEqualTo(-1);
        assertThat(nvme.function.pci().bars().getFirst().device().read(0x2000, 4) & 0xFFF0_0000L)
                .isEqualTo(0xFEE0_0000L);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void randomWritesOfAnyWidthNeverThrowAndNeverMoveABar(int size) {
        var random = new java.util.Random(size);
        var copier = rig.open("copier0");
        int bar = copier.real(0x10, 4);

        for (int i = 0; i < 20_000; i++) {
            int at = random.nextInt(copier.vfio.regionInfo(7).size() > 256 ? 4096 / size : 256 / size) * size;
            copier.config(at, size, random.nextInt());
            copier.config(at, size);
        }

        assertThat(copier.real(0x10, 4)).isEqualTo(bar);
        assertThat(copier.real(0, 4)).isEqualTo(0xC0B1_1234);
    }

    private static final class Copy {
        static final int STATUS = io.sluice.vfio.testkit.Copier.STATUS;
    }
}
