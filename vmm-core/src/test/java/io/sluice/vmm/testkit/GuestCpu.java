package io.sluice.vmm.testkit;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.jit.BytecodeTranslator;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Segment;
import io.sluice.vmm.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Runs single instructions in the interpreter, where it finds the same world as on the host ([HostCpu]): user mode of
/// a 64-bit kernel, the same pages, INT3 all around. Whatever ends the instruction goes through the IDT to a HLT of its
/// own, so exceptions are compared as they are delivered.
public final class GuestCpu implements AutoCloseable {
    private static final int RAM_SIZE = 0x4_0000;

    // Physical pages
    private static final int PML4 = 0;
    private static final int PDPT = 0x1000;
    private static final int DIRECTORY_0 = 0x2000;
    private static final int DIRECTORY_1 = 0x3000;
    private static final int CODE_TABLE = 0x4000;
    private static final int DATA_TABLE = 0x5000;
    private static final int KERNEL_TABLE = 0x6000;
    /// GDT, IDT, TSS, handlers, stack: one page each.
    private static final int KERNEL_PAGES = 0x7000;

    private static final int STACK = KERNEL_PAGES + 4 * 0x1000;
    private static final int KERNEL_PDPT = 0xC000;
    private static final int CODE_PAGES = 0x1_0000;
    private static final int DATA_PAGE = 0x2_0000;

    /// Where the kernel's pages lie: in the upper half, as Linux's.
    private static final long KERNEL = 0xFFFF_8000_6789_0000L;

    private static final long IDT = KERNEL + 0x1000;
    private static final long TSS = KERNEL + 0x2000;
    private static final long HANDLERS = KERNEL + 0x3000;
    private static final long STACK_TOP = KERNEL + 0x5000;

    /// Of the code that is run.
    public static final int LONGEST = 512;

    private static final int USER = 7;
    private static final int SUPERVISOR = 3;
    private static final long NO_EXECUTE = Long.MIN_VALUE;

    private static final int GDT_LIMIT = 127;
    private static final int KERNEL_CS = 0x10;
    private static final int USER_CS32 = 0x23;
    private static final int USER_DS = 0x2B;
    private static final int USER_CS64 = 0x33;
    private static final long[] DESCRIPTORS = {
        0, 0, 0x00AF9B000000FFFFL, 0x00CF93000000FFFFL, 0x00CFFB000000FFFFL, 0x00CFF3000000FFFFL, 0x00AFFB000000FFFFL
    };

    /// PE MP ET NE WP PG.
    private static final long CR0 = 0x8001_0033L;
    /// PAE OSFXSR OSXMMEXCPT UMIP FSGSBASE OSXSAVE.
    private static final long CR4 = 0x50e20L;

    /// SCE LME LMA NXE.
    private static final long EFER = 0xD01L;

    private final GuestRam ram = GuestRam.allocate(RAM_SIZE);
    private final Interpreter interpreter;
    private final CpuState state;
    private final byte[] slot = new byte[LONGEST];
    private final byte[] frame = new byte[64];
    private final ByteBuffer stack = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);

    /// One that only interprets.
    public GuestCpu() {
        this(Integer.MAX_VALUE);
    }

    /// @param hotAt how often code is interpreted before it is translated; 0 has all of it translated
    public GuestCpu(int hotAt) {
        var memory = new AddressSpace("memory", 0xFF_FFFF_FFFFL);
        memory.mapRam(0, RAM_SIZE, ram, 0, true);
        var io = new AddressSpace("io", 0xFFFF);
        interpreter =
                new Interpreter(new Core(memory, io, new NoInterrupts()), memory, new BytecodeTranslator(), hotAt);
        state = interpreter.core().state;
        mapPages();
        fillKernel();
        byte[] breakpoints = new byte[HostCpu.CODE_SIZE];
        Arrays.fill(breakpoints, (byte) 0xCC);
        ram.write(CODE_PAGES, breakpoints);
    }

    private void put64(long at, long value) {
        ram.write(
                at,
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    private void mapPages() {
        put64(PML4, PDPT | USER);
        put64(PDPT, DIRECTORY_0 | USER);
        put64(PML4 + 8L * 256, KERNEL_PDPT | USER);
        put64(KERNEL_PDPT + 8, DIRECTORY_1 | USER);
        putDirectory(DIRECTORY_0, HostCpu.CODE, CODE_TABLE);
        putDirectory(DIRECTORY_0, HostCpu.DATA_PAGE, DATA_TABLE);
        putDirectory(DIRECTORY_1, KERNEL, KERNEL_TABLE);
        for (int page = 0; page < HostCpu.CODE_SIZE >> 12; page++) {
            putPage(CODE_TABLE, HostCpu.CODE + (page << 12), CODE_PAGES + (page << 12) | USER);
        }
        putPage(DATA_TABLE, HostCpu.DATA_PAGE, DATA_PAGE | USER | NO_EXECUTE);
        for (int page = 0; page < 5; page++) {
            putPage(KERNEL_TABLE, KERNEL + (page << 12), KERNEL_PAGES + (page << 12) | SUPERVISOR);
        }
    }

    private void putDirectory(int directory, long address, int table) {
        put64(directory + 8 * (address >> 21 & 511), table | USER);
    }

    private void putPage(int table, long address, long entry) {
        put64(table + 8 * (address >> 12 & 511), entry);
    }

    private void fillKernel() {
        for (int i = 0; i < DESCRIPTORS.length; i++) {
            put64(KERNEL_PAGES + 8L * i, DESCRIPTORS[i]);
        }
        for (int vector = 0; vector < 256; vector++) {
            long handler = HANDLERS + 16L * vector;
            // #BP and #OF may be raised by INT3, INT n and INTO, as under Linux.
            long dpl = vector == 3 || vector == 4 ? 3 : 0;
            long low =
                    handler & 0xFFFF | KERNEL_CS << 16 | (0x8E00L | dpl << 13) << 32 | (handler >> 16 & 0xFFFF) << 48;
            put64(KERNEL_PAGES + 0x1000 + 16L * vector, low);
            put64(KERNEL_PAGES + 0x1008 + 16L * vector, handler >>> 32);
            ram.write(KERNEL_PAGES + 0x3000 + 16L * vector, new byte[] {(byte) 0xF4});
        }
        put64(KERNEL_PAGES + 0x2004, STACK_TOP);
        // The I/O permission map lies beyond the limit: no port is allowed.
        put64(KERNEL_PAGES + 0x2060, 0x68L << 48);
    }

    /// Runs `code` from `before` and leaves in `after` what became of it.
    ///
    /// @param mode 64, or 32 for compatibility mode
    public void run(int mode, byte[] code, MachineState before, MachineState after) {
        Arrays.fill(slot, (byte) 0xCC);
        System.arraycopy(code, 0, slot, 0, code.length);
        ram.write(CODE_PAGES + (HostCpu.INSTRUCTION - HostCpu.CODE), slot);
        load(mode, before);
        start(before);
        store(after);
        after.settle(code.length);
    }

    /// Runs the code of the last [#run] once more; what was made of it is used.
    public void runAgain(MachineState before, MachineState after) {
        interpreter.resume();
        prepare(64, before);
        start(before);
        store(after);
    }

    private void start(MachineState before) {
        ram.write(DATA_PAGE + 0x1000 - HostCpu.WINDOW_SIZE, before.memory);
        interpreter.core().stateChanged();
        Interpreter.Exit exit = interpreter.run();
        if (exit != Interpreter.Exit.HALTED) {
            throw new AssertionError("the interpreter came back with " + exit);
        }
    }

    private void load(int mode, MachineState before) {
        interpreter.reset();
        prepare(mode, before);
    }

    private void prepare(int mode, MachineState before) {
        System.arraycopy(before.gpr, 0, state.gpr, 0, 16);
        state.rip = HostCpu.INSTRUCTION;
        state.setFlags((int) before.rflags);
        state.cr0 = CR0;
        state.cr3 = PML4;
        state.cr4 = CR4;
        state.efer = EFER;
        state.xcr0 = 3;
        state.cpl = 3;
        state.gdtBase = KERNEL;
        state.gdtLimit = GDT_LIMIT;
        state.idtBase = IDT;
        state.idtLimit = 0xFFF;
        state.ldtr.usable = false;
        state.tr.selector = 0x40;
        state.tr.base = TSS;
        state.tr.limit = 0x67;
        state.tr.access = 0x8B;
        loadSegment(Insn.CS, mode == 64 ? USER_CS64 : USER_CS32);
        loadSegment(Insn.ES, USER_DS);
        loadSegment(Insn.SS, USER_DS);
        loadSegment(Insn.DS, USER_DS);
        loadNull(state.segments[Insn.FS], before.fsBase);
        loadNull(state.segments[Insn.GS], before.gsBase);
        FpuImage.load(before.fpu, state.fpu);
    }

    private void loadSegment(int number, int selector) {
        Segment segment = state.segments[number];
        long descriptor = DESCRIPTORS[selector >> 3];
        segment.selector = selector;
        segment.base = 0;
        segment.limit = 0xFFFF_FFFFL;
        segment.access = (int) (descriptor >> 40) & 0xFFFF & ~0x0F00;
        segment.usable = true;
    }

    private static void loadNull(Segment segment, long base) {
        segment.selector = 0;
        segment.base = base;
        segment.limit = 0;
        segment.access = 0;
        segment.usable = false;
    }

    private void store(MachineState after) {
        System.arraycopy(state.gpr, 0, after.gpr, 0, 16);
        long handler = state.rip - 1 - HANDLERS;
        after.vector = (int) (handler >> 4);
        int words = hasErrorCode(after.vector) ? 6 : 5;
        ram.read(STACK + 0x1000 - 8L * words, frame, 0, 8 * words);
        int at = 0;
        after.errorCode = 0;
        if (words == 6) {
            after.errorCode = (int) stack.getLong(0);
            at = 8;
        }
        after.rip = stack.getLong(at);
        after.selectors[Insn.CS] = (int) stack.getLong(at + 8);
        after.rflags = stack.getLong(at + 16);
        after.gpr[4] = stack.getLong(at + 24);
        after.selectors[Insn.SS] = (int) stack.getLong(at + 32);
        for (int segment : new int[] {Insn.ES, Insn.DS, Insn.FS, Insn.GS}) {
            after.selectors[segment] = state.segments[segment].selector;
        }
        after.fsBase = state.segments[Insn.FS].base;
        after.gsBase = state.segments[Insn.GS].base;
        after.faultAddress = after.vector == 14 ? state.cr2 : 0;
        FpuImage.store(state.fpu, after.fpu);
        ram.read(DATA_PAGE + 0x1000 - HostCpu.WINDOW_SIZE, after.memory, 0, HostCpu.WINDOW_SIZE);
    }

    private static boolean hasErrorCode(int vector) {
        return vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
    }

    /// Instructions that ran in translated code.
    public long translated() {
        return interpreter.counters().translatedInstructions();
    }

    @Override
    public void close() {
        ram.close();
    }
}
