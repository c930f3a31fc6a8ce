package io.sluice.vmm.device.pcitest;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.testkit.BusDeviceContract;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.testkit.PciBoard;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class TestDevicesTest {
    private static final int DEVICE = 2;

    private final PciBoard board = new PciBoard();

    @AfterEach
    void close() {
        board.close();
    }

    private PciFunction place(long membar) {
        var function = new PciTestDevice(board.loop.strand(), membar).function();
        board.host.add(Bdf.of(0, DEVICE, 0), function);
        board.host.assignResources();
        return function;
    }

    private long read(int bar, long offset, int size) {
        long at = board.bar(DEVICE, bar) + offset;
        long value = bar == 0 ? board.memory.read(at, size) : board.io.read(at, size);
        return size == 8 ? value : value & (1L << 8 * size) - 1;
    }

    private void write(int bar, long offset, int size, long value) {
        long at = board.bar(DEVICE, bar) + offset;
        if (bar == 0) {
            board.memory.write(at, size, value);
        } else {
            board.io.write(at, size, value);
        }
    }

    @Nested
    class MemoryContract extends BusDeviceContract {
        @Override
        protected Subject subject() {
            var loop = new DirectLoop();
            var bar = new PciTestDevice(loop.strand(), 0).function().bars().get(0);
            return new Subject(bar.device(), bar.size(), loop::run);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, mmio-no-eventfd, 2048, 0xFA",
        "0, 1, mmio-wildcard-eventfd, 2049, 0xCE",
        "0, 2, mmio-datamatch-eventfd, 2050, 0xFA",
        "1, 0, portio-no-eventfd, 131, 0xFA",
        "1, 1, portio-wildcard-eventfd, 132, 0xCE",
        "1, 2, portio-datamatch-eventfd, 133, 0xFA"
    })
    void eachTestTellsItsHeader(int bar, int test, String name, int offset, String data) {
        place(0);

        write(bar, 0, 1, test);
        var text = new StringBuilder();
        for (int i = 16; read(bar, i, 1) != 0; i++) {
            text.append((char) read(bar, i, 1));
        }

        assertThat(text).hasToString(name);
        assertThat(read(bar, 0, 1)).isEqualTo(3L * bar + test);
        assertThat(read(bar, 1, 1)).isEqualTo(1);
        assertThat(read(bar, 4, 4)).isEqualTo(offset);
        assertThat(read(bar, 8, 1)).isEqualTo(Long.decode(data));
        assertThat(read(bar, 12, 4)).isZero();
    }

    @Test
    void matchingWritesAreCounted() {
        place(0);
        write(0, 0, 1, 0);

        write(0, 2048, 1, 0xFA);
        write(0, 2048, 1, 0xFA);
        write(0, 2048, 1, 0x11);
        write(0, 2049, 1, 0xFA);

        assertThat(read(0, 12, 4)).isEqualTo(2);
    }

    @Test
    void choosingATestClearsItsCountAndAWrongNumberChoosesNone() {
        place(0);
        write(1, 0, 1, 1);
        write(1, 132, 1, 1);

        long counted = read(1, 12, 4);
        write(1, 0, 1, 1);
        long cleared = read(1, 12, 4);
        write(1, 0, 1, 3);

        assertThat(counted).isEqualTo(1);
        assertThat(cleared).isZero();
        assertThat(read(1, 1, 1)).isZero();
    }

    @Test
    void membarIsSpaceThatNothingAnswers() {
        var function = place(1 << 20);

        assertThat(function.bars()).hasSize(3);
        assertThat(board.bar(DEVICE, 2)).isGreaterThanOrEqualTo(0x40_0000_0000L);
        assertThat(board.memory.read(board.bar(DEVICE, 2), 4) & 0xFFFF_FFFFL).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void thePcTestDeviceKeepsItsPortByBytes() {
        mapPcTestDevice(new boolean[24]);

        board.io.write(0xE0, 4, 0x1122_3344);
        board.io.write(0xE1, 1, 0xAA);
        board.io.write(0xE2, 2, 0xBBCC);

        assertThat(board.io.read(0xE0, 4)).isEqualTo(0xBBCC_AA44L);
        assertThat(board.io.read(0xE9, 1) & 0xFF).isEqualTo(0xAA);
        assertThat(board.io.read(0xEA, 2)).isEqualTo(0xBBCC);
    }

    @Test
    void thePcTestDeviceDrivesLinesAndKeepsMemory() {
        var levels = new boolean[24];
        var device = mapPcTestDevice(levels);

        board.io.write(0x2000 + 10, 1, 1);
        board.io.write(0x2000 + 23, 1, 0xFF);
        board.memory.write(0xFF00_FFF8L, 8, 0x0102_0304_0506_0708L);
        board.io.write(0xE4, 4, 0x1000);

        assertThat(levels[10]).isTrue();
        assertThat(levels[23]).isTrue();
        assertThat(board.memory.read(0xFF00_FFFCL, 4)).isEqualTo(0x0102_0304);
        device.reset();
        assertThat(levels[10]).isFalse();
        assertThat(board.memory.read(0xFF00_FFFCL, 4)).isZero();
    }

    @Test
    void hostileAccessesToThePcTestDeviceNeverThrow() {
        var device = mapPcTestDevice(new boolean[24]);
        var random = new java.util.Random(1);
        int[] sizes = {1, 2, 4, 8};
        long[] bases = {0xE0, 0xE4, 0xE8, 0x2000, 0x2010};

        for (int i = 0; i < 20_000; i++) {
            int size = sizes[random.nextInt(4)];
            long at = bases[random.nextInt(bases.length)] + random.nextInt(8);
            board.io.write(at, size, random.nextLong());
            board.io.read(at, size);
            board.memory.write(0xFF00_0000L + random.nextInt(0x1_0000), size, random.nextLong());
        }
        device.close();

        assertThat(board.io.read(0xE0, 1)).isEqualTo(0xFF);
    }

    private PcTestDevice mapPcTestDevice(boolean[] levels) {
        var lines = IntStream.range(0, levels.length)
                .mapToObj(i -> (IrqLine) level -> levels[i] = level)
                .toArray(IrqLine[]::new);
        return new PcTestDevice(board.loop.strand(), board.memory, board.io, lines);
    }
}
