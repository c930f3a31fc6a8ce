package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.pci.DmaFault.Reason;
import io.sluice.vmm.testkit.PciBoard;
import io.sluice.vmm.testkit.PciBoard.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PciFunctionTest {
    private static final int DEVICE = 3;
    private static final int IO = 1;
    private static final int MEMORY = 2;
    private static final int MASTER = 4;
    private static final int INTX_DISABLE = 1 << 10;

    private final PciBoard board = new PciBoard();
    private final BusDevice cell = new BusDevice() {
        @Override
        public long read(long offset, int size) {
            return 0x5A;
        }

        @Override
        public void write(long offset, int size, long value) {}
    };

    @AfterEach
    void close() {
        board.close();
    }

    private PciFunctionBuilder builder() {
        return PciFunction.builder("card", board.loop.strand()).ids(0x1234, 1).interruptPin(1);
    }

    private PciFunction place(PciFunctionBuilder builder) {
        var function = builder.build();
        board.host.add(Bdf.of(0, DEVICE, 0), function);
        return function;
    }

    @Test
    void sizingWritesShowTheSize() {
        place(builder()
                .memoryBar(0, 1 << 20, cell)
                .ioBar(1, 8, cell)
                .bar(new Bar(2, Bar.Kind.MEMORY64, true, 1L << 33, cell, false)));

        for (int bar = 0x10; bar < 0x28; bar += 4) {
            board.config(DEVICE, bar, 4, 0xFFFF_FFFFL);
        }

        assertThat(board.config(DEVICE, 0x10, 4)).isEqualTo(0xFFF0_0000);
        assertThat(board.config(DEVICE, 0x14, 4)).isEqualTo(0xFFFF_FFF9);
        assertThat(board.config(DEVICE, 0x18, 4)).isEqualTo(0x0000_000C);
        assertThat(board.config(DEVICE, 0x1C, 4)).isEqualTo(0xFFFF_FFFE);
        assertThat(board.config(DEVICE, 0x20, 4)).isZero();
    }

    @Test
    void aBarAnswersOnlyWhileItsSpaceIsDecoded() {
        place(builder().memoryBar(0, 4096, cell).ioBar(1, 8, cell));
        board.config(DEVICE, 0x10, 4, 0xD000_0000L);
        board.config(DEVICE, 0x14, 4, 0xC100);

        long off = board.memory.read(0xD000_0000L, 1);
        board.enable(DEVICE, MEMORY);
        long memory = board.memory.read(0xD000_0000L, 1);
        long ioOff = board.io.read(0xC100, 1);
        board.enable(DEVICE, IO);

        assertThat(off).isEqualTo(0xFF);
        assertThat(memory).isEqualTo(0x5A);
        assertThat(ioOff).isEqualTo(0xFF);
        assertThat(board.io.read(0xC107, 1)).isEqualTo(0x5A);
        assertThat(board.memory.read(0xD000_0000L, 1)).isEqualTo(0xFF);
    }

    @Test
    void aBarThatMovesIsAtItsNewPlaceInOneChange() {
        place(builder().memoryBar(0, 4096, cell));
        board.config(DEVICE, 0x10, 4, 0xD000_0000L);
        board.enable(DEVICE, MEMORY);
        var changes = new AtomicInteger();
        board.memory.onChange(changes::incrementAndGet);

        board.config(DEVICE, 0x10, 4, 0xE000_0000L);

        assertThat(changes).hasValue(1);
        assertThat(board.memory.read(0xE000_0FFFL, 1)).isEqualTo(0x5A);
        assertThat(board.memory.read(0xD000_0000L, 1)).isEqualTo(0xFF);
    }

    @Test
    void aBarOverRamLeavesTheRamAlone() {
        place(builder().memoryBar(0, 4096, cell));
        board.memory.write(0x4000, 1, 0x77);

        board.config(DEVICE, 0x10, 4, 0x4000);
        board.enable(DEVICE, MEMORY);

        assertThat(board.memory.read(0x4000, 1)).isEqualTo(0x77);
    }

    @Test
    void commandKeepsItsReservedBitsAndStatusIsClearedByOnes() {
        place(builder().memoryBar(0, 4096, cell));

        board.config(DEVICE, 0x04, 4, 0xFFFF_FFFFL);

        assertThat(board.config(DEVICE, 0x04, 2)).isEqualTo(0x0547);
        assertThat(board.config(DEVICE, 0x06, 2)).isZero();
    }

    @Test
    void identityIsReadOnly() {
        place(builder());

        board.config(DEVICE, 0x00, 4, 0);
        board.config(DEVICE, 0x08, 4, -1L);

        assertThat(board.config(DEVICE, 0x00, 4)).isEqualTo(0x0001_1234);
        assertThat(board.config(DEVICE, 0x08, 4)).isZero();
    }

    @Test
    void aConventionalFunctionHasNoExtendedSpace() {
        place(builder());
        long base = PciHost.ECAM_BASE | DEVICE << 15;

        assertThat(board.memory.read(base + 0xFC, 4)).isZero();
        assertThat(board.memory.read(base + 0x100, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void anExpressFunctionHasIt() {
        var builder = builder().pciExpress(PciExpress.Type.INTEGRATED_ENDPOINT, true);
        int first = builder.extendedCapability(0x1B, 1, 4);
        int second = builder.extendedCapability(0x0F, 1, 4);
        place(builder);
        long base = PciHost.ECAM_BASE | DEVICE << 15;

        assertThat(first).isEqualTo(0x100);
        assertThat(board.memory.read(base + 0x100, 4)).isEqualTo(0x1B | 1 << 16 | (long) second << 20);
        assertThat(board.memory.read(base + second, 4)).isEqualTo(0x0F | 1 << 16);
        assertThat(board.memory.read(base + 0xFFC, 4)).isZero();
    }

    @Test
    void interruptDisableHoldsTheLineAndStatusStillShowsIt() {
        var function = place(builder());
        board.enable(DEVICE, INTX_DISABLE);

        function.intx(true);
        boolean held = board.lines[DEVICE];
        int status = board.config(DEVICE, 0x06, 2);
        board.enable(DEVICE, 0);

        assertThat(held).isFalse();
        assertThat(status & 8).isEqualTo(8);
        assertThat(board.lines[DEVICE]).isTrue();
    }

    @Test
    void withoutBusMasteringNothingIsSent() {
        var function = place(builder().msi(1, true, false));
        board.config(DEVICE, 0x42, 2, 1);
        var data = new byte[4];

        boolean read = function.dma().read(new Iova(0x1000), data, 0, 4);
        boolean write = function.dma().write(new Iova(0x1000), data, 0, 4);
        function.message(0);

        assertThat(read).isFalse();
        assertThat(write).isFalse();
        assertThat(data).containsOnly(-1);
        assertThat(board.messages).isEmpty();
        assertThat(function.dma().refused()).isEqualTo(3);
    }

    @Test
    void dmaReachesRamAndCountsWhatFails() {
        var function = place(builder());
        board.enable(DEVICE, MASTER);

        boolean inside = function.dma().write(new Iova(0x1000), new byte[] {1, 2}, 0, 2);
        boolean outside = function.dma().write(new Iova(0x9000_0000L), new byte[2], 0, 2);
        boolean withPasid = function.dma().read(new Pasid(5), new Iova(0x1000), new byte[2], 0, 2);

        assertThat(inside).isTrue();
        assertThat(board.memory.read(0x1000, 2)).isEqualTo(0x0201);
        assertThat(outside).isFalse();
        assertThat(withPasid).isFalse();
        assertThat(function.dma().failed()).isEqualTo(2);
    }

    @Test
    void dmaThatFailsIsToldOfButABurstOfItOnce() {
        var told = new ArrayList<DmaFault>();
        board.host.onDmaFault(told::add);
        var function = place(builder());

        function.dma().read(new Iova(0x1000), new byte[4], 0, 4);
        board.enable(DEVICE, MASTER);
        for (int i = 0; i < 1000; i++) {
            function.dma().write(new Iova(0x9000_0000L), new byte[8], 0, 8);
        }
        function.dma().write(new Iova(0x1000), new byte[8], 0, 8);
        await().pollDelay(Duration.ofMillis(110)).until(() -> true);
        function.dma().write(new Pasid(5), new Iova(0x2000), new byte[2], 0, 2);

        var at = new Bdf(DEVICE << 3);
        assertThat(told)
                .containsExactly(
                        new DmaFault(at, "card", false, null, new Iova(0x1000), 4, Reason.BUS_MASTER_OFF, 1),
                        new DmaFault(at, "card", true, new Pasid(5), new Iova(0x2000), 2, Reason.UNCLAIMED, 1002));
    }

    @Test
    void msiSendsTheVectorInItsLowBits() {
        var function = place(builder().msi(4, true, false));
        board.enable(DEVICE, MASTER);
        board.config(DEVICE, 0x44, 4, 0xFEE0_1000L);
        board.config(DEVICE, 0x4C, 2, 0x4043);
        board.config(DEVICE, 0x42, 2, 1 | 2 << 4);

        function.message(2);

        assertThat(board.messages).containsExactly(new Message(0xFEE0_1000L, 0x4042));
        assertThat(function.usesMessages()).isTrue();
    }

    @Test
    void aVectorThatWasNotGrantedUsesTheLastOne() {
        var function = place(builder().msi(8, true, false));
        board.enable(DEVICE, MASTER);
        board.config(DEVICE, 0x4C, 2, 0x40);
        board.config(DEVICE, 0x42, 2, 1 | 1 << 4);

        function.message(7);

        assertThat(board.messages).containsExactly(new Message(0, 0x41));
    }

    @Test
    void noMoreVectorsAreGrantedThanAskedFor() {
        place(builder().msi(2, true, false));

        board.config(DEVICE, 0x42, 2, 7 << 4);

        assertThat(board.config(DEVICE, 0x42, 2)).isEqualTo(1 << 1 | 1 << 4 | 0x80);
    }

    @Test
    void aMaskedVectorWaits() {
        var function = place(builder().msi(2, true, true));
        board.enable(DEVICE, MASTER);
        board.config(DEVICE, 0x42, 2, 1 | 1 << 4);
        board.config(DEVICE, 0x50, 4, 2);

        function.message(1);
        int pending = board.config(DEVICE, 0x54, 4);
        int before = board.messages.size();
        board.config(DEVICE, 0x50, 4, 0);

        assertThat(pending).isEqualTo(2);
        assertThat(before).isZero();
        assertThat(board.messages).hasSize(1);
        assertThat(board.config(DEVICE, 0x54, 4)).isZero();
    }

    @Test
    void msixVectorsAreMaskedUntilTheGuestUnmasksThem() {
        var function = place(builder().memoryBar(0, 4096, cell).msix(3, 0, 0x800, 0xC00));
        board.config(DEVICE, 0x10, 4, 0xD000_0000L);
        board.enable(DEVICE, MEMORY | MASTER);
        board.config(DEVICE, 0x42, 2, 0x8000);
        long entry = 0xD000_0800L + 16;

        function.message(1);
        long pending = board.memory.read(0xD000_0C00L, 8);
        board.memory.write(entry, 8, 0x1_FEE0_0000L);
        board.memory.write(entry + 8, 4, 0x31);
        board.memory.write(entry + 12, 4, 0);

        assertThat(pending).isEqualTo(2);
        assertThat(board.messages).containsExactly(new Message(0x1_FEE0_0000L, 0x31));
        assertThat(board.memory.read(0xD000_0C00L, 8)).isZero();
        assertThat(board.memory.read(0xD000_0000L, 1)).isEqualTo(0x5A);
    }

    @Test
    void theFunctionMaskHoldsAllVectors() {
        var function = place(builder().memoryBar(0, 4096, cell).msix(2, 0, 0, 0x800));
        board.config(DEVICE, 0x10, 4, 0xD000_0000L);
        board.enable(DEVICE, MEMORY | MASTER);
        board.memory.write(0xD000_000CL, 4, 0);
        board.config(DEVICE, 0x42, 2, 0xC000);

        function.message(0);
        int held = board.messages.size();
        board.config(DEVICE, 0x42, 2, 0x8000);

        assertThat(held).isZero();
        assertThat(board.messages).hasSize(1);
    }

    @Test
    void inD3NothingIsDecodedNorSent() {
        var function = place(builder().memoryBar(0, 4096, cell).powerManagement());
        board.config(DEVICE, 0x10, 4, 0xD000_0000L);
        board.enable(DEVICE, MEMORY | MASTER);

        board.config(DEVICE, 0x44, 2, 3);
        long asleep = board.memory.read(0xD000_0000L, 1);
        boolean sent = function.dma().write(new Iova(0), new byte[1], 0, 1);
        board.config(DEVICE, 0x44, 2, 0);

        assertThat(asleep).isEqualTo(0xFF);
        assertThat(sent).isFalse();
        assertThat(board.memory.read(0xD000_0000L, 1)).isEqualTo(0x5A);
    }

    @Test
    void aFunctionLevelResetClearsTheFunctionAndReadsBackZero() {
        var resets = new AtomicInteger();
        place(builder()
                .memoryBar(0, 4096, cell)
                .pciExpress(PciExpress.Type.INTEGRATED_ENDPOINT, true)
                .onReset(resets::incrementAndGet));
        board.config(DEVICE, 0x10, 4, 0xD000_0000L);
        board.enable(DEVICE, MEMORY);

        board.config(DEVICE, 0x48, 2, 0x8000);

        assertThat(resets).hasValue(1);
        assertThat(board.config(DEVICE, 0x48, 2) & 0x8000).isZero();
        assertThat(board.config(DEVICE, 0x10, 4)).isZero();
        assertThat(board.memory.read(0xD000_0000L, 1)).isEqualTo(0xFF);
    }

    @Test
    void capabilitiesAreChainedInOrder() {
        place(builder().powerManagement().msi(1, true, false).vendorCapability(new byte[] {1, 2, 3}));

        assertThat(board.config(DEVICE, 0x06, 2) & 0x10).isEqualTo(0x10);
        assertThat(board.config(DEVICE, 0x34, 1)).isEqualTo(0x40);
        assertThat(board.config(DEVICE, 0x40, 2)).isEqualTo(0x4801);
        assertThat(board.config(DEVICE, 0x48, 2)).isEqualTo(0x5805);
        assertThat(board.config(DEVICE, 0x58, 4)).isEqualTo(0x01_06_00_09);
    }

    @Test
    void twoBarsInOnePlaceAreABug() {
        var builder = builder()
                .bar(new Bar(0, Bar.Kind.MEMORY64, false, 4096, cell, false))
                .memoryBar(1, 4096, cell);

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("card: BAR 1 is declared twice");
    }
}
