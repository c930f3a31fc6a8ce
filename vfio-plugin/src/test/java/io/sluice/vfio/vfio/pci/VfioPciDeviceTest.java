package io.sluice.vfio.vfio.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.testkit.Copier;
import io.sluice.vfio.testkit.Passthrough;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vfio.vfio.RegionCapability;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.address.Iova;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Opening, closing, regions, resets and DMA of functions of the host.
@Timeout(120)
class VfioPciDeviceTest {
    private static final int MEMORY = 2;
    private static final int RAM = 1 << 20;

    private final Passthrough rig = new Passthrough();
    private int heard;

    @AfterEach
    void close() {
        rig.close();
    }

    private static int state(Passthrough.Bound bound) {
        return bound.real(bound.function.configRead(0x34, 1) + 4, 2) & 3;
    }

    @ParameterizedTest
    @CsvSource({
        "nvme0, 0, 16384, 15", // with the MSI-X table in it, and mappable all the same
        "nvme0, 1, 0, 0",
        "nvme0, 6, 0, 0",
        "nvme0, 7, 4096, 3",
        "edu0, 0, 1048576, 7",
        "edu0, 7, 256, 3",
    })
    void regionsAreTheFunctionsOwn(String name, int index, long size, int flags) {
        var info = rig.bind(name).vfio.regionInfo(index);

        assertThat(info.size()).isEqualTo(size);
        assertThat(info.flags()).isEqualTo(flags);
        assertThat(info.offset()).isEqualTo((long) index << 40);
    }

    @Test
    void thereIsNoVgaRegion() {
        var nvme = rig.bind("nvme0");

        assertThat(nvme.vfio.info().regions()).isEqualTo(9);
        assertThat(catchThrowableOfType(HostException.class, () -> nvme.vfio.regionInfo(VfioRegion.VGA))
                        .errno())
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void aBarWithTheMsixTableSaysSo() {
        assertThat(rig.bind("nvme0").vfio.regionInfo(0).capabilities())
                .isEqualTo(List.of(new RegionCapability.MsixMappable()));
    }

    @Test
    void aFunctionThatNobodyHasOpenSleeps() {
        var copier = rig.bind("copier0");
        int bound = state(copier);
        copier.open();
        int open = state(copier);
        copier.vfio.release();
        int closed = state(copier);

        copier.device.unbind();

        assertThat(List.of(bound, open, closed, state(copier))).containsExactly(3, 0, 3, 0);
    }

    @Test
    void openingResetsAndClosingLeavesTheFunctionAsItWas() {
        var copier = rig.open("copier0");
        int bar = copier.real(0x10, 4);
        int control = copier.capability(0x10) + 8;
        int before = copier.real(control, 2);
        copier.listen(VfioIrq.MSIX, 0, () -> heard++);
        copier.config(4, 2, MEMORY | 4);
        copier.config(control, 2, before & ~0xF);
        copier.bar(0, 8, 0x77);

        copier.vfio.release();
        boolean master = (copier.real(4, 2) & 4) != 0;
        copier.open();

        assertThat(master).isFalse();
        assertThat(copier.real(control, 2)).isEqualTo(before);
        assertThat(copier.real(0x10, 4)).isEqualTo(bar);
        assertThat(copier.bar(0, 8)).isZero();
        assertThat(rig.host.vectors().used()).isZero();
    }

    @Test
    void afterClosingMappingsAreShut() {
        var copier = rig.open("copier0");
        var mapped = copier.mapping();
        mapped.write(0, 8, 0x55);

        copier.vfio.release();
        mapped.write(0, 8, 0x66);
        long shut = mapped.read(0, 8);
        copier.open();

        assertThat(shut).isEqualTo(-1);
        assertThat(mapped.read(0, 8)).isZero();
    }

    @Test
    void eachInnerStepOfOpeningThatFailsLeavesTheFunctionClosed() {
        var copier = rig.bind("copier0");
        int failures = 0;

        for (int n = 1; ; n++) {
            rig.steps.failNth(n);
            var refused = catchThrowableOfType(HostException.class, copier::open);
            rig.steps.disarm();
            if (refused == null) {
                break;
            }
            failures++;
            assertThat(state(copier)).isEqualTo(3);
            assertThat(copier.mapping().read(0, 8)).isEqualTo(-1);
        }

        assertThat(failures).isPositive();
        assertThat(copier.bar(0, 8)).isZero();
    }

    @Test
    void aResetThatFailsAtOpenCostsTheFlagAndNotTheDevice() {
        var copier = rig.bind("copier0");
        rig.steps.fail("iommu.stage_reset.blocking", 1, Errno.ENOMEM);

        copier.open();
        rig.steps.disarm();

        assertThat(copier.vfio.info().flags() & VfioDevice.FLAG_RESET).isZero();
        assertThat(catchThrowableOfType(HostException.class, copier.vfio::reset).errno())
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void aGroupThatIsBeingResetLetsNobodyOpen() {
        var copier = rig.bind("copier0");
        copier.function.group().stageReset();

        var refused = catchThrowableOfType(HostException.class, copier::open);
        copier.function.group().endReset();
        copier.open();

        assertThat(refused.errno()).isEqualTo(Errno.EAGAIN);
    }

    @Test
    void aFunctionWithoutAnyResetSaysSo() {
        var edu = rig.open("edu0");

        assertThat(edu.vfio.info().flags() & VfioDevice.FLAG_RESET).isZero();
        assertThat(catchThrowableOfType(HostException.class, edu.vfio::reset).errno())
                .isEqualTo(Errno.EINVAL);
    }

    @Test
    void duringAResetNothingGetsThroughAndAfterwardsTheOldDomainIsBack() {
        var copier = rig.open("copier0");
        var domain = copier.reach(0);

        copier.vfio.reset();

        assertThat(copier.function.group().domain(0)).isSameAs(domain);
        assertThat(copier.config(4, 2) & 6).isEqualTo(6);
    }

    @Test
    void anUnpluggedFunctionAnswersNobody() {
        var copier = rig.open("copier0");
        var mapped = copier.mapping();

        rig.host.unplug(copier.function);

        assertThat(mapped.read(0, 8)).isEqualTo(-1);
        assertThat(copier.config(0, 4)).isEqualTo(-1);
        assertThat(catchThrowableOfType(HostException.class, () -> copier.bar(0, 8))
                        .errno())
                .isEqualTo(Errno.EIO);
        copier.vfio.release();
    }

    // ---- vfio_pci_driver

    private void fill(int at, int length, int value) {
        var bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) value);
        rig.board.ram.write(at, bytes, 0, length);
    }

    private byte at(int offset) {
        var one = new byte[1];
        rig.board.ram.read(offset, one, 0, 1);
        return one[0];
    }

    private static void copy(Passthrough.Bound copier, long from, long to, long length) {
        copier.bar(Copier.SOURCE, 8, from);
        copier.bar(Copier.DESTINATION, 8, to);
        copier.bar(Copier.LENGTH, 8, length);
        copier.bar(Copier.COPY, 8, 1);
    }

    /// vfio_pci_driver: initialised ten times, each time it copies and interrupts once.
    @Test
    void aDeviceIsInitialisedTenTimesAndWorksEachTime() {
        var copier = rig.bind("copier0");
        for (int i = 1; i <= 10; i++) {
            copier.open();
            var domain = copier.reach(0x10_0000_0000L);
            copier.listen(VfioIrq.MSI, 0, () -> heard++);
            fill(0, 4096, i);

            copy(copier, 0x10_0000_0000L, 0x10_0000_1000L, 4096);

            assertThat(at(0x1FFF)).isEqualTo((byte) i);
            assertThat(heard).isEqualTo(i);
            copier.vfio.release();
            copier.function.group().release(copier);
            domain.unmap(new Iova(0x10_0000_0000L), RAM);
        }
    }

    /// vfio_pci_driver: a copy to or from an address that is not mapped never interrupts.
    @ParameterizedTest
    @CsvSource({"0x200000, 0", "0, 0x200000", "0x200000, 0x300000"})
    void aCopyThatFailsNeverInterrupts(String from, String to) {
        var copier = rig.open("copier0");
        copier.reach(0);
        copier.listen(VfioIrq.MSIX, 0, () -> heard++);
        fill(0, 4096, 7);

        for (int i = 0; i < 100; i++) {
            copy(copier, Long.decode(from), Long.decode(to), 4096);
        }

        assertThat(heard).isZero();
        assertThat(copier.bar(Copier.STATUS, 8)).isEqualTo(Copier.FAILED);
        assertThat(at(4095)).isEqualTo((byte) 7);
    }

    /// vfio_pci_driver: a storm of copies, each of them whole.
    @Test
    void aStormOfCopiesInterruptsOnceForEach() {
        var copier = rig.open("copier0");
        copier.reach(0);
        copier.listen(VfioIrq.MSIX, 0, () -> heard++);

        for (int i = 0; i < 2_000; i++) {
            copy(copier, 0, RAM / 2, RAM / 2);
        }

        assertThat(heard).isEqualTo(2_000);
        assertThat(copier.bar(Copier.STATUS, 8)).isEqualTo(Copier.DONE);
    }

    // ---- low power

    @Test
    void inLowPowerMappingsAreShutAndTheFileWakesTheFunction() {
        var copier = rig.open("copier0");
        var mapped = copier.mapping();
        copier.bar(0, 8, 0x42);
        var entry = copier.feature(3);
        var exit = copier.feature(5);

        entry.set(new FeatureData.None());
        int asleep = state(copier);
        long shut = mapped.read(0, 8);
        long byFile = copier.bar(0, 8);
        int asleepAgain = state(copier);
        var twice = catchThrowableOfType(HostException.class, () -> entry.set(new FeatureData.None()));
        exit.set(new FeatureData.None());

        assertThat(List.of(asleep, asleepAgain, state(copier))).containsExactly(3, 3, 0);
        assertThat(shut).isEqualTo(-1);
        assertThat(byFile).isEqualTo(0x42);
        assertThat(twice.errno()).isEqualTo(Errno.EINVAL);
        assertThat(mapped.read(0, 8)).isEqualTo(0x42);
    }

    @Test
    void whoAskedIsToldThatTheFunctionWoke() {
        var copier = rig.open("copier0");
        copier.feature(4).set(new FeatureData.Wakeup(() -> heard++));

        copier.device.wake();
        copier.device.wake();

        assertThat(heard).isEqualTo(1);
        assertThat(state(copier)).isZero();
        assertThat(copier.device.feature(6)).isNull();
    }

    @Test
    void theRomOfTheHostIsReadInItsRegion() {
        var function = rig.at("copier0");
        var place = VfioPciDevice.Place.of(rig.host, function, rig.steps);
        var rom = new Rom(new byte[] {0x55, (byte) 0xAA, 3, 4, 5});
        var device = VfioPciDevice.bind(
                function, new VfioPciDevice.Place(place.vectors(), place.isAloneOnBus(), rom, rig.steps));
        var vfio = new VfioDevice(device, function.pci().strand());
        device.opened(vfio.interrupts());

        assertThat(vfio.regionInfo(VfioRegion.ROM)).isEqualTo(new VfioDevice.RegionInfo(6, 1, 2048, 6L << 40));
        assertThat(vfio.load(VfioRegion.ROM, 0, 8)).isEqualTo(0xFFFF_FF05_0403_AA55L);
    }
}
