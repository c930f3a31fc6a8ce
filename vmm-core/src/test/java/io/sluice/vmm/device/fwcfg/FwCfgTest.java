package io.sluice.vmm.device.fwcfg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.testkit.PciBoard;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class FwCfgTest {
    private static final int READ = 2;
    private static final int SKIP = 4;
    private static final int SELECT = 8;
    private static final int WRITE = 16;
    private static final long DESCRIPTOR = 0x8000;

    private final PciBoard board = new PciBoard();
    private final FwCfgItems items = new FwCfgItems();

    @BeforeEach
    void map() {
        items.int64(FwCfgKey.RAM_SIZE, 0x1234_5678L)
                .int16(FwCfgKey.NB_CPUS, 3)
                .string(FwCfgKey.CMDLINE_DATA, "quiet")
                .file("opt/b", new byte[] {1, 2, 3})
                .file("opt/a", new byte[] {9})
                .memoryMap(List.of(new FwCfgItems.MemoryRange(0, 0x9_F000, 1)));
        new FwCfg(board.loop.strand(), board.memory, items).map(board.io);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private byte[] item(int selector, int length) {
        board.io.write(0x510, 2, selector);
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) board.io.read(0x511, 1);
        }
        return bytes;
    }

    /// @return the control word after the transfer
    private int transfer(int control, int length, long target) {
        var fields = ByteBuffer.allocate(16).putInt(control).putInt(length).putLong(target);
        board.memory.dmaWrite(DESCRIPTOR, fields.array(), 0, 16);
        board.io.write(0x518, 4, Integer.toUnsignedLong(Integer.reverseBytes((int) DESCRIPTOR)));
        board.loop.run();
        return control();
    }

    private int control() {
        var word = new byte[4];
        board.memory.dmaRead(DESCRIPTOR, word, 0, 4);
        return ByteBuffer.wrap(word).getInt();
    }

    @Test
    void signatureIdAndNumbersReadThroughThePorts() {
        assertThat(item(0x00, 5)).isEqualTo(new byte[] {'Q', 'E', 'M', 'U', 0});
        assertThat(item(0x01, 4)).isEqualTo(new byte[] {3, 0, 0, 0});
        assertThat(item(0x03, 8)).isEqualTo(new byte[] {0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0});
        assertThat(item(0x05, 2)).isEqualTo(new byte[] {3, 0});
        assertThat(item(0x15, 6)).isEqualTo("quiet\0".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void theDirectoryIsInOrderOfNamesAndBigEndian() {
        var directory = ByteBuffer.wrap(item(0x19, 4 + 3 * 64));

        int count = directory.getInt();
        int size = directory.getInt();
        int selector = directory.getShort();
        directory.getShort();
        var name = new byte[56];
        directory.get(name);

        assertThat(count).isEqualTo(3);
        assertThat(size).isEqualTo(20);
        assertThat(selector).isEqualTo(0x20);
        assertThat(new String(name, StandardCharsets.US_ASCII)).startsWith("etc/e820\0");
        assertThat(item(0x21, 1)).containsExactly(9);
        assertThat(item(0x22, 4)).containsExactly(1, 2, 3, 0);
    }

    @Test
    void unknownSelectorsReadZeros() {
        assertThat(item(0x7777, 4)).containsOnly(0);
    }

    @Test
    void theWriteBitOfASelectorMeansNothing() {
        assertThat(item(0x4000, 4)).isEqualTo("QEMU".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void theDmaRegisterShowsItsSignature() {
        assertThat(board.io.read(0x514, 8)).isEqualTo(Long.reverseBytes(0x51454D5520434647L));
        assertThat(board.io.read(0x514, 4)).isEqualTo(Integer.toUnsignedLong(Integer.reverseBytes(0x51454D55)));
    }

    @Test
    void dmaSelectsAndReadsAndFillsUpWithZeros() {
        board.memory.write(0x3000, 8, -1L);

        int result = transfer(0x22 << 16 | SELECT | READ, 6, 0x3000);

        assertThat(result).isZero();
        assertThat(board.memory.read(0x3000, 8)).isEqualTo(0xFFFF_0000_0003_0201L);
    }

    @Test
    void dmaSkips() {
        transfer(0x22 << 16 | SELECT | SKIP, 2, 0);
        int result = transfer(READ, 1, 0x3000);

        assertThat(result).isZero();
        assertThat(board.memory.read(0x3000, 1)).isEqualTo(3);
    }

    @Test
    void dmaWritesAreRefused() {
        assertThat(transfer(0x22 << 16 | SELECT | WRITE, 1, 0x3000)).isEqualTo(1);
        assertThat(item(0x22, 1)).containsExactly(1);
    }

    @Test
    void aTargetThatIsNotRamIsAnError() {
        assertThat(transfer(READ | SELECT, 4, 0x9000_0000L)).isEqualTo(1);
        assertThat(transfer(READ | SELECT, -1, 0)).isEqualTo(1);
        assertThat(transfer(READ | SELECT, 4, -2L)).isEqualTo(1);
    }

    @Test
    void aLongTransferGoesInSlicesAndASecondOneMeanwhileIsAnError() {
        var long1 = new byte[5 << 19];
        Arrays.fill(long1, (byte) 7);
        var big = io.sluice.vmm.memory.GuestRam.allocate(4 << 20);
        board.memory.mapRam(0x1000_0000, 4 << 20, big, 0, true);
        items.file("opt/long", long1);
        var fields = ByteBuffer.allocate(16)
                .putInt(0x23 << 16 | SELECT | READ)
                .putInt(long1.length)
                .putLong(0x1000_0000);
        board.memory.dmaWrite(DESCRIPTOR, fields.array(), 0, 16);

        board.io.write(0x518, 4, Integer.toUnsignedLong(Integer.reverseBytes((int) DESCRIPTOR)));
        int during = control();
        board.io.write(0x518, 4, Integer.toUnsignedLong(Integer.reverseBytes(0x9000)));
        board.loop.run();

        assertThat(during).isNotZero();
        assertThat(board.memory.read(0x9000, 4)).isEqualTo(0x0100_0000);
        assertThat(control()).isZero();
        assertThat(board.memory.read(0x1000_0000 + long1.length - 1, 1)).isEqualTo(7);
        board.memory.remove(board.memory.find(0x1000_0000));
        big.close();
    }

    @Test
    void namesAreUniqueAndShort() {
        assertThatThrownBy(() -> items.file("opt/a", new byte[0])).hasMessage("duplicate fw_cfg file name: opt/a");
        assertThatThrownBy(() -> items.file("x".repeat(56), new byte[0])).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void hostileAccessesNeverThrowAndAlwaysEnd(long seed) {
        var random = new Random(seed);
        int[] sizes = {1, 2, 4, 8};

        for (int i = 0; i < 3_000; i++) {
            int size = sizes[random.nextInt(4)];
            board.io.write(0x510 + random.nextInt(12), size, random.nextLong());
            board.io.read(0x510 + random.nextInt(12), size);
            transfer(random.nextInt(), random.nextInt(1 << random.nextInt(21)), random.nextLong(PciBoard.RAM_SIZE * 2));
        }

        assertThat(board.loop.pendingTimers()).isZero();
    }
}
