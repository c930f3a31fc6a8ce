package io.sluice.vmm.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;

/// Runs single instructions on the host's own CPU, in user mode, from a given state to the state after them; in a child
/// process ([HostRunner]), so that faults are answers. Linux on x86-64 only.
public final class HostCpu implements AutoCloseable {
    /// Address of the instruction; all bytes near it are INT3.
    public static final long INSTRUCTION = HostRunner.INSTRUCTION;
    /// First and last page of the code: instruction fetches elsewhere fault.
    public static final long CODE = HostRunner.CODE;

    public static final int CODE_SIZE = HostRunner.CODE_SIZE;
    /// The only page of data; its last [#WINDOW_SIZE] bytes are part of the state, and what follows is not mapped.
    public static final long DATA_PAGE = HostRunner.DATA;

    public static final long WINDOW = HostRunner.WINDOW;
    public static final int WINDOW_SIZE = HostRunner.WINDOW_SIZE;
    /// Instructions of one batch.
    public static final int MAX_BATCH = (HostRunner.SHARED_SIZE - HostRunner.SLOTS) / HostRunner.SLOT_SIZE;

    /// Order of general registers in the kernel's signal frame, by our numbers.
    private static final int[] FRAME_INDEX = {13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7};

    private static final int FRAME_RIP = 16;
    private static final int FRAME_FLAGS = 17;
    private static final int FRAME_SELECTORS = 18;
    private static final int FRAME_ERROR = 19;
    private static final int FRAME_VECTOR = 20;
    private static final int FRAME_CR2 = 22;
    private static final int FRAME_FPU = 23;
    /// SS is valid and to be restored as it is.
    private static final long UC_STRICT_SS = 6;

    private static final long SELECTORS_64 = 0x33L | 0x2BL << 48;
    private static final long SELECTORS_32 = 0x23L | 0x2BL << 48;
    private static final int PAGE_FAULT = 14;

    private final Path directory;
    private final Process process;
    private final MappedByteBuffer shared;

    private HostCpu(Path directory, Process process, MappedByteBuffer shared) {
        this.directory = directory;
        this.process = process;
        this.shared = shared;
    }

    public static HostCpu start() {
        try {
            Path directory = Files.createTempDirectory("sluice-host-cpu");
            Path program = directory.resolve("runner");
            Files.write(program, HostRunner.elf());
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
            Path file = directory.resolve("slots");
            try (var channel = FileChannel.open(
                    file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                MappedByteBuffer shared = channel.map(FileChannel.MapMode.READ_WRITE, 0, HostRunner.SHARED_SIZE);
                shared.order(ByteOrder.LITTLE_ENDIAN);
                var process = new ProcessBuilder(program.toString(), file.toString()).start();
                return new HostCpu(directory, process, shared);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the host runner did not start", e);
        }
    }

    /// Whether an operand there would meet what the harness itself keeps in memory.
    public static boolean isPrivate(long address) {
        return HostRunner.isPrivate(address);
    }

    /// Runs `code[i]` from `before[i]` and leaves in `after[i]` what became of it.
    ///
    /// @param mode 64, or 32 for compatibility mode
    public void run(int mode, byte[][] code, MachineState[] before, MachineState[] after, int count) {
        for (int i = 0; i < count; i++) {
            fill(HostRunner.SLOTS + i * HostRunner.SLOT_SIZE, mode, code[i], before[i]);
        }
        try {
            var out = process.getOutputStream();
            out.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(count)
                    .array());
            out.flush();
            if (process.getInputStream().readNBytes(8).length != 8) {
                int done = count - (int) shared.getLong(0);
                throw new AssertionError("the host runner died at instruction " + done + " of " + count + ": "
                        + HexFormat.of().formatHex(code[done]));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the host runner died", e);
        }
        for (int i = 0; i < count; i++) {
            read(HostRunner.SLOTS + i * HostRunner.SLOT_SIZE, code[i].length, after[i]);
        }
    }

    private void fill(int slot, int mode, byte[] code, MachineState state) {
        shared.put(slot, new byte[HostRunner.SLOT_SIZE]);
        shared.putLong(slot, UC_STRICT_SS);
        shared.putLong(slot + HostRunner.SLOT_STACK, HostRunner.SIGNAL_STACK);
        shared.putLong(slot + HostRunner.SLOT_STACK + 16, HostRunner.SIGNAL_STACK_SIZE);
        for (int i = 0; i < 16; i++) {
            putRegister(slot, FRAME_INDEX[i], state.gpr[i]);
        }
        putRegister(slot, FRAME_RIP, INSTRUCTION);
        putRegister(slot, FRAME_FLAGS, state.rflags);
        putRegister(slot, FRAME_SELECTORS, mode == 64 ? SELECTORS_64 : SELECTORS_32);
        putRegister(slot, FRAME_FPU, (long) HostRunner.SHARED + slot + HostRunner.SLOT_FPU);
        shared.putLong(slot + HostRunner.SLOT_FS_BASE, state.fsBase);
        shared.putLong(slot + HostRunner.SLOT_GS_BASE, state.gsBase);
        shared.put(slot + HostRunner.SLOT_FPU, state.fpu, 0, 464);
        byte[] padded = new byte[HostRunner.SLOT_CODE_SIZE];
        Arrays.fill(padded, (byte) 0xCC);
        System.arraycopy(code, 0, padded, 0, code.length);
        shared.put(slot + HostRunner.SLOT_CODE, padded);
        shared.put(slot + HostRunner.SLOT_MEMORY, state.memory);
    }

    private void putRegister(int slot, int index, long value) {
        shared.putLong(slot + HostRunner.SLOT_REGISTERS + index * 8, value);
    }

    private long register(int slot, int index) {
        return shared.getLong(slot + HostRunner.SLOT_REGISTERS + index * 8);
    }

    private void read(int slot, int length, MachineState state) {
        for (int i = 0; i < 16; i++) {
            state.gpr[i] = register(slot, FRAME_INDEX[i]);
        }
        state.rip = register(slot, FRAME_RIP);
        state.rflags = register(slot, FRAME_FLAGS);
        state.vector = (int) register(slot, FRAME_VECTOR);
        state.errorCode = (int) register(slot, FRAME_ERROR);
        state.faultAddress = state.vector == PAGE_FAULT ? register(slot, FRAME_CR2) : 0;
        for (int i = 0; i < 6; i++) {
            state.selectors[i] = shared.getShort(slot + HostRunner.SLOT_SELECTORS + 2 * i) & 0xFFFF;
        }
        state.selectors[1] = (int) register(slot, FRAME_SELECTORS) & 0xFFFF;
        state.selectors[2] = (int) (register(slot, FRAME_SELECTORS) >>> 48);
        state.fsBase = shared.getLong(slot + HostRunner.SLOT_FS_BASE);
        state.gsBase = shared.getLong(slot + HostRunner.SLOT_GS_BASE);
        shared.get(slot + HostRunner.SLOT_FPU, state.fpu);
        shared.get(slot + HostRunner.SLOT_MEMORY, state.memory);
        state.settle(length);
    }

    @Override
    public void close() {
        process.destroy();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(HostCpu::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
