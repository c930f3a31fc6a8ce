package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.testkit.PciBoard;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class PciHostTest {
    private final PciBoard board = new PciBoard();

    @AfterEach
    void close() {
        board.close();
    }

    /// Reads as its tag in every byte; keeps what was written last.
    private static final class Cell implements BusDevice {
        private final int tag;
        private long written;

        Cell(int tag) {
            this.tag = tag;
        }

        @Override
        public long read(long offset, int size) {
            return tag;
        }

        @Override
        public void write(long offset, int size, long value) {
            written = value;
        }
    }

    private PciFunction card(int tag) {
        return PciFunction.builder("card", board.loop.strand())
                .ids(0x1234, tag)
                .classCode(0x00FF00)
                .interruptPin(1)
                .memoryBar(0, 0x1000, new Cell(tag))
                .ioBar(1, 32, new Cell(tag))
                .bar(new Bar(2, Bar.Kind.MEMORY64, true, 1 << 20, new Cell(tag), false))
                .build();
    }

    private long ecam(int bus, int device, int function, int register) {
        return PciHost.ECAM_BASE | (long) bus << 20 | device << 15 | function << 12 | register;
    }

    @Test
    void hostBridgeAndIsaBridgeAreThere() {
        assertThat(board.config(0, 0x00, 4)).isEqualTo(0x29C0_8086);
        assertThat(board.config(31, 0x00, 4)).isEqualTo(0x2918_8086);
        assertThat(board.config(31, 0x0A, 2)).isEqualTo(0x0601);
        assertThat(board.config(0, 0x60, 4)).isEqualTo(0xB000_0001);
    }

    @Test
    void bothWaysReachTheSameRegisters() {
        board.host.add(Bdf.of(0, 3, 0), card(7));

        board.memory.write(ecam(0, 3, 0, 0x3C), 1, 0x5A);

        assertThat(board.config(3, 0x00, 4)).isEqualTo(0x0007_1234);
        assertThat(board.memory.read(ecam(0, 3, 0, 0), 4)).isEqualTo(0x0007_1234L);
        assertThat(board.memory.read(ecam(0, 3, 0, 0), 8) & 0xFFFF_FFFFL).isEqualTo(0x0007_1234L);
        assertThat(board.config(3, 0x3C, 1)).isEqualTo(0x5A);
    }

    @Test
    void absentFunctionsReadAllOnesAndDropWrites() {
        board.config(9, 0x04, 2, 7);

        assertThat(board.config(9, 0x00, 4)).isEqualTo(-1);
        assertThat((int) board.memory.read(ecam(255, 31, 7, 0xFFC), 4)).isEqualTo(-1);
    }

    @Test
    void onlyAWholeDwordReachesTheAddressRegister() {
        board.io.write(0xCF8, 4, 0x8000_0000L);
        board.io.write(0xCF8, 1, 0x44);
        board.io.write(0xCFA, 2, 0x1234);

        assertThat(board.io.read(0xCF8, 4)).isEqualTo(0x8000_0000L);
        assertThat(board.io.read(0xCF8, 2) & 0xFFFF).isEqualTo(0xFFFF);
    }

    @Test
    void dataPortsAreSilentWhileTheEnableBitIsClear() {
        board.io.write(0xCF8, 4, 0);

        assertThat(board.io.read(0xCFC, 4) & 0xFFFF_FFFFL).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void aByteAtCf9IsTheResetRegisters() {
        var reset = new Cell(0x0E);
        board.host.resetControl(reset, board.loop.strand());

        board.io.write(0xCF9, 1, 6);

        assertThat(reset.written).isEqualTo(6);
        assertThat(board.io.read(0xCF9, 1)).isEqualTo(0x0E);
        assertThat(board.io.read(0xCF8, 4)).isZero();
    }

    @Test
    void aConfigWriteWaitsForAStrandThatIsBusy() throws InterruptedException {
        var function = card(1);
        board.host.add(Bdf.of(0, 3, 0), function);
        var entered = function.strand().tryEnter();

        var vcpu = new Thread(() -> board.config(3, 0x3C, 1, 0x42), "vcpu");
        vcpu.start();
        vcpu.join(20);
        boolean waited = vcpu.isAlive();
        function.strand().exit();
        while (vcpu.isAlive()) {
            board.loop.run();
            Thread.onSpinWait();
        }

        assertThat(entered).isTrue();
        assertThat(waited).isTrue();
        assertThat(board.config(3, 0x3C, 1)).isEqualTo(0x42);
    }

    @Test
    void resourcesLieInTheWindowsAndDecodeAtOnce() {
        board.host.add(Bdf.of(0, 3, 0), card(0x33));
        board.host.add(Bdf.of(0, 4, 0), card(0x44));

        board.host.assignResources();

        assertThat(board.bar(3, 0)).isBetween(0xC000_0000L, 0xFEBF_FFFFL);
        assertThat(board.bar(3, 1)).isBetween(0xC000L, 0xFFFFL);
        assertThat(board.bar(4, 2)).isBetween(0x40_0000_0000L, 0x7F_FFFF_FFFFL);
        assertThat(board.memory.read(board.bar(3, 0), 1)).isEqualTo(0x33);
        assertThat(board.memory.read(board.bar(4, 2), 1)).isEqualTo(0x44);
        assertThat(board.io.read(board.bar(4, 1), 1)).isEqualTo(0x44);
        assertThat(board.config(3, 0x04, 2)).isEqualTo(0x0103);
        assertThat(board.config(3, 0x3C, 1)).isEqualTo(PciHost.gsi(3, 0));
    }

    @Test
    void assignedRangesDoNotOverlap() {
        for (int device = 1; device < 20; device++) {
            board.host.add(card(device));
        }

        board.host.assignResources();

        assertThat(board.memory.mappings().stream().filter(m -> m.first() >= 0xC000_0000L))
                .hasSize(38)
                .allSatisfy(m -> assertThat(m.last() - m.first()).isIn(0xFFFL, 0xFFFFFL));
    }

    @Test
    void aWindowThatIsTooSmallIsSaidSo() {
        for (int device = 1; device < 18; device++) {
            board.host.add(PciFunction.builder("big", board.loop.strand())
                    .memoryBar(0, 1 << 28, new Cell(1))
                    .build());
        }

        assertThatThrownBy(board.host::assignResources)
                .isInstanceOf(PciException.class)
                .hasMessage("PCI: no room in the 32-bit memory window for BAR 0 of big (268435456 bytes)");
    }

    @Test
    void functionsTakeTheNextFreeSlotUntilNoneIsLeft() {
        var first = board.host.add(card(1));
        for (int i = 2; i < 31; i++) {
            board.host.add(card(i));
        }

        assertThat(first).isEqualTo(Bdf.of(0, 1, 0));
        assertThatThrownBy(() -> board.host.add(card(99)))
                .hasMessage("PCI: no slot/function available for card, all in use or reserved");
    }

    @Test
    void aPlaceIsTakenOnce() {
        board.host.add(Bdf.of(0, 5, 0), card(1));

        assertThatThrownBy(() -> board.host.add(Bdf.of(0, 5, 0), card(2)))
                .hasMessage("PCI: slot 5 function 0 not available for card, in use by card");
        assertThatThrownBy(() -> board.host.add(Bdf.of(0, 5, 3), card(2)))
                .hasMessage("PCI: single function device can't be populated in function 5.3");
    }

    @Test
    void aMultiFunctionDeviceHasMoreFunctions() {
        board.host.add(5 << 3, true, card(1));
        board.host.add(5 << 3 | 3, false, card(2));

        assertThat(board.config(0, 5, 0, 0x0E, 1)).isEqualTo(0x80);
        assertThat(board.config(0, 5, 3, 0x02, 2)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"0,0,16", "1,0,17", "3,1,20", "7,3,18", "31,0,23"})
    void pinsAreRoutedByTheFormula(int device, int pin, int gsi) {
        assertThat(PciHost.gsi(device, pin)).isEqualTo(gsi);
    }

    @Test
    void aSharedLineIsUpWhileAnyOfItsPinsIs() {
        var one = card(1);
        var other = card(2);
        board.host.add(Bdf.of(0, 2, 0), one);
        board.host.add(Bdf.of(0, 10, 0), other);

        one.intx(true);
        other.intx(true);
        one.intx(false);
        boolean still = board.lines[2];
        other.intx(false);

        assertThat(still).isTrue();
        assertThat(board.lines[2]).isFalse();
        assertThat(board.rises[2]).isEqualTo(1);
    }

    @Test
    void aSharedLineSettlesRightWhateverTheThreadsDo() throws InterruptedException {
        var levels = new boolean[1];
        var line = new SharedLine(level -> levels[0] = level);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            var input = line.input();
            boolean last = i == 3;
            threads.add(new Thread(() -> {
                for (int n = 0; n < 50_000; n++) {
                    input.set((n & 1) == 0);
                }
                input.set(last);
            }));
        }

        threads.forEach(Thread::start);
        for (var thread : threads) {
            thread.join();
        }

        assertThat(levels[0]).isTrue();
    }

    @Test
    void aRemovedFunctionIsGoneAtOnce() {
        var function = card(1);
        board.host.add(Bdf.of(0, 2, 0), function);
        board.host.assignResources();
        long bar = board.bar(2, 0);
        function.intx(true);

        board.host.remove(function);

        assertThat(board.config(2, 0, 4)).isEqualTo(-1);
        assertThat(board.memory.read(bar, 1)).isEqualTo(0xFF);
        assertThat(board.lines[2]).isFalse();
        assertThat(function.dma().write(new io.sluice.vmm.address.Iova(0), new byte[4], 0, 4))
                .isFalse();
    }

    @Test
    void behindARootPortBusNumbersRouteAndPinsSwizzle() {
        var port = new RootPort("pcie-root-port", board.loop.strand(), RootPort.Settings.hotPlug(4));
        board.host.add(4 << 3, false, port);
        var function = card(0x77);
        board.host.add(port, 0, false, false, function);

        board.host.assignResources();
        function.intx(true);

        assertThat(board.config(0, 4, 0, 0x18, 4) & 0xFFFFFF).isEqualTo(0x01_01_00);
        assertThat(board.config(1, 0, 0, 0x02, 2)).isEqualTo(0x77);
        assertThat(board.lines[PciHost.gsi(4, 0) - 16]).isTrue();
        assertThat(board.memory.read((long) board.config(1, 0, 0, 0x10, 4) & 0xFFFF_FFFFL, 1))
                .isEqualTo(0x77);
    }

    @Test
    void aGuestMayRenumberABus() {
        var port = new RootPort("pcie-root-port", board.loop.strand(), RootPort.Settings.hotPlug(4));
        board.host.add(4 << 3, false, port);
        board.host.add(port, 0, false, false, card(0x77));

        board.config(4, 0x19, 1, 9);
        board.config(4, 0x1A, 1, 12);

        assertThat(board.config(9, 0, 0, 0x02, 2)).isEqualTo(0x77);
        assertThat(board.config(10, 0, 0, 0x00, 4)).isEqualTo(-1);
        assertThat(board.host.find(Bdf.of(9, 0, 0))).isNotNull();
    }

    @Test
    void bridgeWithMasteringOffHoldsBackWhatComesUp() {
        var port = new RootPort("pcie-root-port", board.loop.strand(), RootPort.Settings.hotPlug(4));
        board.host.add(4 << 3, false, port);
        var function = card(1);
        board.host.add(port, 0, false, false, function);
        board.host.assignResources();
        function.configWrite(0x04, 2, 6);

        boolean open = function.dma().write(new io.sluice.vmm.address.Iova(0x100), new byte[] {1}, 0, 1);
        board.config(4, 0x04, 2, 3);
        boolean shut = function.dma().write(new io.sluice.vmm.address.Iova(0x100), new byte[] {2}, 0, 1);

        assertThat(open).isTrue();
        assertThat(shut).isFalse();
        assertThat(function.dma().refused()).isEqualTo(1);
    }

    @Test
    void afterAResetNothingIsDecodedUntilAssignedAgain() {
        board.host.add(Bdf.of(0, 2, 0), card(5));
        board.host.assignResources();
        long bar = board.bar(2, 0);

        board.host.reset();
        long silent = board.memory.read(bar, 1);
        board.host.assignResources();

        assertThat(silent).isEqualTo(0xFF);
        assertThat(board.memory.read(board.bar(2, 0), 1)).isEqualTo(5);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void hostileConfigAccessesNeverThrowNorHideTheBoard(long seed) {
        var random = new Random(seed);
        var port = new RootPort("pcie-root-port", board.loop.strand(), RootPort.Settings.hotPlug(4));
        board.host.add(4 << 3, false, port);
        board.host.add(port, 0, false, false, card(3));
        board.host.add(Bdf.of(0, 2, 0), card(1));
        board.host.assignResources();
        board.memory.write(0x5000, 4, 0x1234_5678);
        var sizes = List.of(1, 2, 4, 8);

        for (int i = 0; i < 20_000; i++) {
            int size = sizes.get(random.nextInt(4));
            long at = ecam(random.nextInt(3), random.nextInt(6), 0, random.nextInt(0x110));
            board.memory.write(at, size, random.nextLong() & (random.nextBoolean() ? -1L : 0xFFFF));
            board.memory.read(at, size);
        }

        assertThat(board.memory.read(0x5000, 4)).isEqualTo(0x1234_5678);
        assertThat(board.memory.read(ecam(0, 0, 0, 0), 4)).isEqualTo(0x29C0_8086L);
    }
}
