package io.sluice.vmm.testkit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.HexFormat;

/// Runs one instruction on the host's own CPU, with every register that x87, MMX and SSE have, RAX to RBX, RSI and the
/// flags taken from a state block and put back into it. RDI points to the block, so a memory operand is
/// `[rdi+SCRATCH]`.
///
/// Nothing may trap: SSE exceptions stay masked; an unmasked x87 exception is only recorded, since nothing that waits
/// follows. Not for instructions that branch or touch RSP, RDI or R8 to R15.
public final class HostCode {
    /// Offsets in the block: FXSAVE area, then RAX RCX RDX RBX RSI, RFLAGS, then 128 bytes for memory operands.
    public static final int GPR = 512;

    public static final int FLAGS = 552;
    public static final int SCRATCH = 576;
    public static final int SIZE = 1024;
    private static final int CODE_SIZE = 1 << 20;
    private static final int RWX = 7;
    private static final int PRIVATE_ANONYMOUS = 0x22;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MMAP = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("mmap"),
            FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle CALL = LINKER.downcallHandle(FunctionDescriptor.ofVoid(ADDRESS));
    private static final MemorySegment CODE = map(CODE_SIZE);
    private static int used;

    private final MemorySegment entry;
    /// Shared by all: tests of one class run on one thread at a time, and each writes all that it reads.
    public final MemorySegment block;

    private HostCode(MemorySegment entry, MemorySegment block) {
        this.entry = entry;
        this.block = block;
    }

    public static HostCode of(String hex) {
        return of(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    public static synchronized HostCode of(byte[] instruction) {
        var code = new ByteArrayOutputStream();
        emit(code, "53 55 57");
        // fxrstor64 [rdi]; mov rax/rcx/rdx/rbx/rsi from the block; push [rdi+552]; popfq
        emit(code, "48 0f ae 0f 48 8b 87 00020000 48 8b 8f 08020000 48 8b 97 10020000 48 8b 9f 18020000");
        emit(code, "48 8b b7 20020000 ff b7 28020000 9d");
        code.writeBytes(instruction);
        // pop rdi from under the flags: pushfq; pop rbp would lose nothing we need.
        emit(code, "9c 5d 48 89 af 28020000");
        emit(code, "48 89 87 00020000 48 89 8f 08020000 48 89 97 10020000 48 89 9f 18020000 48 89 b7 20020000");
        // fxsave64 [rdi]; fninit; ldmxcsr of the default, which stands behind the code; cld
        emit(code, "48 0f ae 07 db e3 fc 68 801f0000 0f ae 14 24 58");
        emit(code, "5f 5d 5b c3");
        byte[] bytes = code.toByteArray();
        if (used + bytes.length > CODE_SIZE) {
            throw new IllegalStateException("code page is full");
        }
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, CODE, used, bytes.length);
        var entry = CODE.asSlice(used, bytes.length);
        used += bytes.length + 15 & -16;
        return new HostCode(entry, Block.SEGMENT);
    }

    private static final class Block {
        static final MemorySegment SEGMENT = map(1 << 16).asSlice(0, SIZE);
    }

    private static void emit(ByteArrayOutputStream out, String hex) {
        out.writeBytes(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static MemorySegment map(long size) {
        try {
            var at = (MemorySegment) MMAP.invokeExact(MemorySegment.NULL, size, RWX, PRIVATE_ANONYMOUS, -1, 0L);
            return at.reinterpret(size);
        } catch (Throwable e) {
            throw new IllegalStateException("mmap of executable memory", e);
        }
    }

    public void run() {
        try {
            CALL.invokeExact(entry, block);
        } catch (Throwable e) {
            throw new IllegalStateException("call of host code", e);
        }
    }
}
