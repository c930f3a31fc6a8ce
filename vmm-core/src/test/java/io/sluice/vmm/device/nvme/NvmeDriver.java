package io.sluice.vmm.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.testkit.PciBoard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/// A small driver of an NVMe controller, and the board that it runs on: queues in the first pages of RAM, data where a
/// test likes. What it does not know it leaves to the test.
final class NvmeDriver implements AutoCloseable {
    static final int DEVICE = 3;
    static final long ADMIN_SQ = 0x1000;
    static final long ADMIN_CQ = 0x2000;
    static final long IO_SQ = 0x3000;
    static final long IO_CQ = 0x4000;
    static final int ENTRIES = 8;
    static final long DATA = 0x1_0000;
    static final int DISK_BYTES = 4 << 20;
    static final int ENABLED = 0x0046_0001;

    private static final HexFormat HEX = HexFormat.of();

    /// A submission queue entry.
    record Entry(int opcode, int nsid, long prp1, long prp2, int d10, int d11, int d12, int flags) {
        static Entry of(int opcode) {
            return new Entry(opcode, 0, 0, 0, 0, 0, 0, 0);
        }

        Entry namespace(int id) {
            return new Entry(opcode, id, prp1, prp2, d10, d11, d12, flags);
        }

        Entry data(long newPrp1, long newPrp2) {
            return new Entry(opcode, nsid, newPrp1, newPrp2, d10, d11, d12, flags);
        }

        Entry words(int newD10, int newD11, int newD12) {
            return new Entry(opcode, nsid, prp1, prp2, newD10, newD11, newD12, flags);
        }

        Entry as(int newOpcode) {
            return new Entry(newOpcode, nsid, prp1, prp2, d10, d11, d12, flags);
        }

        Entry flags(int newFlags) {
            return new Entry(opcode, nsid, prp1, prp2, d10, d11, d12, newFlags);
        }
    }

    /// A completion queue entry.
    ///
    /// @param status the status field without the phase, with More and Do Not Retry
    record Done(int result, int head, int queue, int id, int status) {
        /// Type and code: `T/CC`, and `r` if trying again may help.
        String text() {
            return String.format(
                    "%d/%02x%s", status >> 8 & 7, status & 0xFF, status != 0 && (status & 0x4000) == 0 ? "r" : "");
        }
    }

    final PciBoard board = new PciBoard();
    final Path file;
    final Drives drives = new Drives();
    final Drive drive;
    final Nvme nvme;
    final long base;
    private final int[] tails = new int[16];
    private final int[] heads = new int[16];
    private final int[] sizes = new int[16];
    private final long[] submissions = new long[16];
    private final long[] completions = new long[16];
    private int nextId = 0x100;

    NvmeDriver() {
        this(NvmeSettings.of("test"), false);
    }

    NvmeDriver(NvmeSettings settings, boolean readOnly) {
        try {
            file = Files.createTempFile("nvme", ".img");
            var content = new byte[DISK_BYTES];
            for (int i = 0; i < DISK_BYTES; i++) {
                content[i] = pattern(i);
            }
            Files.write(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        drive = drives.open("d0", file, readOnly);
        assertThat(drive.take()).isTrue();
        nvme = new Nvme(board.loop.strand(), settings, drive);
        board.host.add(Bdf.of(0, DEVICE, 0), nvme.function());
        board.host.assignResources();
        board.enable(DEVICE, 6);
        board.loop.run();
        base = board.bar(DEVICE, 0);
    }

    /// What the disk holds at first.
    static byte pattern(long offset) {
        return (byte) (offset * 31 + (offset >> 9) * 7 + (offset >> 12));
    }

    // ---- registers

    /// Reads past the bus: the strand may be busy with what the drive's thread brings, and this thread is its loop.
    int register(int offset) {
        board.loop.run();
        return (int) nvme.read(offset, 4);
    }

    void register(int offset, int value) {
        board.memory.write(base + offset, 4, value & 0xFFFF_FFFFL);
        board.loop.run();
    }

    void register64(int offset, long value) {
        board.memory.write(base + offset, 8, value);
        board.loop.run();
    }

    int status() {
        return register(0x1C);
    }

    /// Makes the admin queues and enables the controller.
    NvmeDriver enable() {
        register(0x24, ENTRIES - 1 << 16 | ENTRIES - 1);
        register64(0x28, ADMIN_SQ);
        register64(0x30, ADMIN_CQ);
        board.ram.write(ADMIN_CQ, new byte[0x1000]);
        register(0x14, ENABLED);
        queue(0, ADMIN_SQ, ADMIN_CQ, ENTRIES);
        return this;
    }

    /// Knows a queue pair from now on.
    void queue(int id, long sq, long cq, int size) {
        submissions[id] = sq;
        completions[id] = cq;
        sizes[id] = size;
        tails[id] = 0;
        heads[id] = 0;
    }

    /// Makes I/O queue 1 too.
    NvmeDriver withIoQueue() {
        enable();
        createQueue(1, IO_SQ, IO_CQ, ENTRIES);
        return this;
    }

    void createQueue(int id, long sq, long cq, int size) {
        board.ram.write(cq, new byte[size * 16]);
        assertThat(admin(Entry.of(5).data(cq, 0).words(size - 1 << 16 | id, 3, 0))
                        .text())
                .isEqualTo("0/00");
        assertThat(admin(Entry.of(1).data(sq, 0).words(size - 1 << 16 | id, id << 16 | 1, 0))
                        .text())
                .isEqualTo("0/00");
        queue(id, sq, cq, size);
    }

    /// Waits until the drive's thread has nothing of the controller's: from then on the strand is idle, and
    /// configuration space can be reached.
    void quiet() {
        long before;
        do {
            before = nvme.counters().waited();
            drive.release();
            assertThat(drive.take()).isTrue();
            board.loop.run();
        } while (nvme.counters().waited() != before);
    }

    /// Writes the command register.
    void command(int value) {
        quiet();
        board.enable(DEVICE, value);
        board.loop.run();
    }

    // ---- commands

    Done admin(Entry entry) {
        return run(0, entry);
    }

    Done io(Entry entry) {
        return run(1, entry);
    }

    /// Carries out a command and waits for its end.
    Done run(int queue, Entry entry) {
        submit(queue, entry);
        return await(queue);
    }

    /// Puts a command into a queue and rings.
    ///
    /// @return its identifier
    int submit(int queue, Entry entry) {
        int id = put(queue, entry);
        ring(queue);
        return id;
    }

    int put(int queue, Entry entry) {
        int id = nextId++;
        long at = submissions[queue] + 64L * tails[queue];
        board.ram.write(at, new byte[64]);
        board.memory.write(at, 4, entry.opcode | entry.flags << 8 | (long) id << 16);
        board.memory.write(at + 4, 4, entry.nsid & 0xFFFF_FFFFL);
        board.memory.write(at + 24, 8, entry.prp1);
        board.memory.write(at + 32, 8, entry.prp2);
        board.memory.write(at + 40, 4, entry.d10 & 0xFFFF_FFFFL);
        board.memory.write(at + 44, 4, entry.d11 & 0xFFFF_FFFFL);
        board.memory.write(at + 48, 4, entry.d12 & 0xFFFF_FFFFL);
        tails[queue] = (tails[queue] + 1) % sizes[queue];
        return id;
    }

    void ring(int queue) {
        register(0x1000 + 8 * queue, tails[queue]);
    }

    /// Whether an entry waits that was not taken.
    boolean hasDone(int queue) {
        int index = heads[queue];
        int phase = index / sizes[queue] % 2 == 0 ? 1 : 0;
        long at = completions[queue] + 16L * (index % sizes[queue]);
        return (board.memory.read(at + 14, 2) & 1) == phase;
    }

    /// The next completion, within two seconds; takes it.
    Done await(int queue) {
        var taken = awaitAndKeep(queue);
        register(0x1000 + 8 * queue + 4, heads[queue] % sizes[queue]);
        return taken;
    }

    /// The next completion; the controller is not told that it was taken.
    Done awaitAndKeep(int queue) {
        assertThat(board.loop.turnUntil(() -> hasDone(queue)))
                .as("a completion in queue " + queue)
                .isTrue();
        long at = completions[queue] + 16L * (heads[queue] % sizes[queue]);
        heads[queue]++;
        int word2 = (int) board.memory.read(at + 8, 4);
        int word3 = (int) board.memory.read(at + 12, 4);
        return new Done((int) board.memory.read(at, 4), word2 & 0xFFFF, word2 >>> 16, word3 & 0xFFFF, word3 >>> 17);
    }

    // ---- data

    Entry read(long block, int blocks) {
        return Entry.of(2).namespace(1).data(DATA, 0).words((int) block, (int) (block >> 32), blocks - 1);
    }

    Entry write(long block, int blocks) {
        return Entry.of(1).namespace(1).data(DATA, 0).words((int) block, (int) (block >> 32), blocks - 1);
    }

    byte[] memory(long at, int length) {
        var bytes = new byte[length];
        board.ram.read(at, bytes, 0, length);
        return bytes;
    }

    String hex(long at, int length) {
        return HEX.formatHex(memory(at, length));
    }

    static byte[] disk(long offset, int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = pattern(offset + i);
        }
        return bytes;
    }

    byte[] fileBytes(long offset, int length) {
        try {
            var all = Files.readAllBytes(file);
            return Arrays.copyOfRange(all, (int) offset, (int) offset + length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Fills RAM from `first` to its end with a pattern that nothing else has.
    void canaries(long first) {
        var bytes = new byte[(int) (PciBoard.RAM_SIZE - first)];
        Arrays.fill(bytes, (byte) 0xC7);
        board.ram.write(first, bytes);
    }

    /// Offsets of RAM from `first` on that hold no canary any more.
    int spoiled(long first) {
        int count = 0;
        for (byte b : memory(first, (int) (PciBoard.RAM_SIZE - first))) {
            count += b == (byte) 0xC7 ? 0 : 1;
        }
        return count;
    }

    @Override
    public void close() {
        drive.release();
        board.loop.run();
        nvme.close();
        drives.close();
        board.close();
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
