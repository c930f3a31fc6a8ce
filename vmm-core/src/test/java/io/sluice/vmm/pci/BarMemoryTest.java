package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.testkit.PciBoard;
import io.sluice.vmm.trace.Item;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A BAR of 16 KiB: device, memory, memory, device.
@Timeout(120)
class BarMemoryTest {
    private static final int DEVICE = 3;
    private static final int MEMORY = 2;
    private static final long BASE = 0xD000_0000L;

    private final PciBoard board = new PciBoard();
    private final GuestRam ram = GuestRam.allocate(0x4000);
    private final List<Long> trapped = new ArrayList<>();
    private final BusDevice device = new BusDevice() {
        @Override
        public long read(long offset, int size) {
            trapped.add(offset);
            return 0x5A;
        }

        @Override
        public void write(long offset, int size, long value) {
            trapped.add(offset);
        }
    };

    @AfterEach
    void close() {
        board.close();
        ram.close();
    }

    private Bar bar(BarMemory... memory) {
        return new Bar(0, Bar.Kind.MEMORY32, true, 0x4000, device, false, List.of(memory));
    }

    private PciFunction function;

    @BeforeEach
    void place() {
        function = PciFunction.builder("card", board.loop.strand())
                .ids(0x1234, 1)
                .bar(bar(new BarMemory(0x1000, 0x1000, ram, 0x2000), new BarMemory(0x2000, 0x1000, ram, 0)))
                .build();
        board.host.add(Bdf.of(0, DEVICE, 0), function);
        board.config(DEVICE, 0x10, 4, BASE);
        board.enable(DEVICE, MEMORY);
    }

    @Test
    void memoryIsReachedWithoutTheDeviceAndTheRestByIt() {
        board.memory.write(BASE + 0x1FF8, 8, 0x1122_3344_5566_7788L);
        board.memory.write(BASE + 0x2000, 4, 0xCAFE);
        board.memory.read(BASE + 0xFFF, 1);
        board.memory.write(BASE + 0x3004, 4, 1);

        assertThat(board.memory.find(BASE + 0x1800)).isInstanceOf(Mapping.Ram.class);
        var bytes = new byte[4];
        ram.read(0x2FF8, bytes, 0, 4);
        assertThat(bytes).containsExactly(0x88, 0x77, 0x66, 0x55);
        ram.read(0, bytes, 0, 4);
        assertThat(bytes).containsExactly(0xFE, 0xCA, 0, 0);
        assertThat(trapped).containsExactly(0xFFFL, 0x3004L);
    }

    @Test
    void itGoesWithDecodingAndComesBack() {
        board.memory.write(BASE + 0x1000, 1, 0x77);

        board.enable(DEVICE, 0);
        long off = board.memory.read(BASE + 0x1000, 1);
        board.enable(DEVICE, MEMORY);

        assertThat(off).isEqualTo(0xFF);
        assertThat(board.memory.read(BASE + 0x1000, 1)).isEqualTo(0x77);
    }

    @Test
    void itMovesWithItsBarInOneChange() {
        board.memory.write(BASE + 0x1000, 1, 0x77);

        board.config(DEVICE, 0x10, 4, 0xE000_0000L);

        assertThat(board.memory.read(BASE + 0x1000, 1)).isEqualTo(0xFF);
        assertThat(board.memory.read(0xE000_1000L, 1)).isEqualTo(0x77);
    }

    @Test
    void itGoesWithItsFunction() {
        board.host.remove(function);

        assertThat(board.memory.find(BASE + 0x1000)).isInstanceOf(Mapping.Nothing.class);
    }

    @Test
    void dmaOfOthersReachesIt() {
        boolean written = board.memory.dmaWrite(BASE + 0x1FFE, new byte[] {1, 2, 3, 4}, 0, 4);

        var bytes = new byte[4];
        assertThat(written).isTrue();
        assertThat(board.memory.dmaRead(BASE + 0x1FFE, bytes, 0, 4)).isTrue();
        assertThat(bytes).containsExactly(1, 2, 3, 4);
    }

    @Test
    void theBarBehindEachPieceIsKnown() {
        var mapped = board.memory.mappings().stream()
                .filter(m -> m.first() >= BASE && m.last() < BASE + 0x4000)
                .toList();

        assertThat(mapped)
                .hasSize(4)
                .allSatisfy(m -> assertThat(function.barBehind(m))
                        .isEqualTo(function.bars().getFirst()));
        assertThat(function.barBehind(board.memory.find(0))).isNull();
        assertThat(function.showsMemory()).isTrue();
    }

    @Test
    void theLogTellsOfEachPiece() {
        board.trace.set(Item.PCI, true);

        board.enable(DEVICE, 0);

        assertThat(board.told.stream().filter(line -> line.endsWith("BAR 0 (memory) off")))
                .isNotEmpty();
    }

    @Test
    void thePagesOfAnMsiXTableStayTheFunctions() {
        var other = PciFunction.builder("other", board.loop.strand())
                .ids(0x1234, 2)
                .bar(bar(new BarMemory(0, 0x4000, ram, 0)))
                .msix(4, 0, 0x1000, 0x2800)
                .build();
        board.host.add(Bdf.of(0, 4, 0), other);
        board.config(4, 0x10, 4, 0xE000_0000L);
        board.enable(4, MEMORY);

        assertThat(board.memory.find(0xE000_0000L)).isInstanceOf(Mapping.Ram.class);
        assertThat(board.memory.find(0xE000_1000L)).isInstanceOf(Mapping.Device.class);
        assertThat(board.memory.find(0xE000_2000L)).isInstanceOf(Mapping.Device.class);
        assertThat(board.memory.find(0xE000_3000L)).isInstanceOf(Mapping.Ram.class);
        assertThat(board.memory.read(0xE000_100CL, 4)).isEqualTo(1);
    }

    @Test
    void onlyWholePagesThatAreThereAndDoNotOverlapAreTaken() {
        assertThatThrownBy(() -> new BarMemory(0x800, 0x1000, ram, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BarMemory(0, 0x1000, ram, 0x4000)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bar(new BarMemory(0x4000, 0x1000, ram, 0)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bar(new BarMemory(0, 0x2000, ram, 0), new BarMemory(0x1000, 0x1000, ram, 0)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
