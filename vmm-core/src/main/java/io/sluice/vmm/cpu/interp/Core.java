package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Route;
import io.sluice.vmm.bus.TrapMeter;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.mmu.DataWatch;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Cpuid;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.cpu.state.Segment;
import java.security.SecureRandom;
import java.util.ArrayList;

/// What a micro-op works on: one vCPU's registers and its memory as the program sees it.
///
/// Loads and stores take a segment number and an effective address (offset), check limits, canonical form, paging and
/// alignment, and throw a [GuestFault] before anything changed. Only the vCPU's thread is in here.
public final class Core {
    /// Bits of a block's decoding mode beside the code size.
    static final int MODE_USER = 1 << 8;

    static final int MODE_STACK32 = 1 << 9;
    /// The block is one instruction: it runs in an interrupt shadow, by steps, or with data watched.
    static final int MODE_SINGLE = 1 << 7;

    public final CpuState state = new CpuState();
    public final Mmu mmu;
    public final CpuPorts ports;
    final AddressSpace memory;
    private final AddressSpace ioSpace;
    Route io;
    final Cpuid cpuid;
    final CpuTrace told;
    /// The general registers of [CpuState].
    public final long[] gpr = state.gpr;

    /// 16, 32 or 64: default size of the code that runs.
    int codeSize = 16;
    /// 2, 4 or 8: how much of RSP the stack uses.
    int stackSize = 2;

    private long ipMask = 0xFFFF_FFFFL;
    int mode = 16;

    /// Something asks for a look before the next block: an interrupt that is pending may have become deliverable, or
    /// code that was translated was overwritten. Others set it too, without being sure to be seen.
    public boolean look;
    /// Of a [Region] that is about to do what may fault: instructions run with those of the block that runs, and the
    /// number of the place.
    int executed;

    int faultPoint;
    /// No interrupt before the next instruction is done (STI, MOV SS, POP SS).
    boolean shadow;
    /// The shadow is one of MOV SS or POP SS: it holds back debug traps too.
    boolean shadowHoldsTraps;
    /// HLT was executed and nothing has woken the vCPU since.
    boolean halted;
    /// Between an NMI and its IRET.
    boolean nmiBlocked;
    /// Shift count or bit number of the running instruction, for its [Location.Update].
    int count;
    /// What an exchange found in memory.
    long scratch;
    /// DR6 bits to report as a trap after the running instruction.
    long pendingTrap;
    /// Whether the single-step trap of the running instruction counts; see [Trap].
    Trap trap = Trap.BY_OLD_FLAGS;
    /// A task switch has passed its commit point: what faults now belongs to the new task, and `rip` is its own.
    boolean committed;
    /// Work beyond one instruction each that was done since the last look at the clock: elements of string
    /// instructions, and exceptions.
    int spent;

    /// When an instruction is followed by a single-step trap.
    enum Trap {
        /// TF was set before it.
        BY_OLD_FLAGS,
        /// TF is set after it: SYSCALL, SYSRET.
        BY_NEW_FLAGS,
        /// Never: an interrupt was delivered, which clears TF.
        NEVER
    }

    public Core(AddressSpace memory, AddressSpace io, CpuPorts ports) {
        this.memory = memory;
        this.ioSpace = io;
        this.io = new Route(io);
        this.ports = ports;
        this.cpuid = new Cpuid(ports.id(), ports.count());
        this.told = new CpuTrace(this);
        this.mmu = new Mmu(state, memory, new ApicPage(this, ports.interrupts()), told.trace(), ports.id());
    }

    /// To be called after registers were set from outside.
    public void stateChanged() {
        updateMode();
        debugChanged();
        mmu.flushAll();
    }

    /// Has accesses to devices counted and timed from now on. On the vCPU's thread.
    public void meter(TrapMeter memoryTraps, TrapMeter ioTraps) {
        mmu.meter(memoryTraps);
        io = Route.metered(ioSpace, ioTraps);
    }

    /// Ends [#meter].
    public void unmeter() {
        mmu.meter(null);
        io = new Route(ioSpace);
    }

    // ---- mode

    /// To be called after CS, SS, CR0, EFER or CPL changed.
    void updateMode() {
        var cs = state.segments[Insn.CS];
        if (state.inLongMode() && cs.isLong()) {
            codeSize = 64;
            stackSize = 8;
            ipMask = -1L;
        } else {
            boolean big = state.inProtectedMode() && !state.inVirtual8086Mode() && cs.big();
            codeSize = big ? 32 : 16;
            stackSize = state.segments[Insn.SS].big() ? 4 : 2;
            ipMask = 0xFFFF_FFFFL;
        }
        mode = codeSize | (state.cpl == 3 ? MODE_USER : 0) | (stackSize == 4 ? MODE_STACK32 : 0);
        if (debug.watches()) {
            mode |= MODE_SINGLE;
        }
        mmu.updateRights();
    }

    /// Called by translated code before something that may fault or look at the flags: what it keeps in locals.
    ///
    /// @param point see [Region#point]
    /// @param done instructions run, those of the block that runs included
    public void suspend(int point, int done, int kind, long a, long b) {
        faultPoint = point;
        executed = done;
        state.lazyKind = kind;
        state.lazyResult = a;
        state.lazyAux = b;
    }

    /// Whether code of this decoding mode is translated when it is hot.
    static boolean translates(int mode) {
        return (mode & (0x7F | MODE_SINGLE)) == 64;
    }

    boolean is64() {
        return codeSize == 64;
    }

    long linearIp() {
        return codeSize == 64 ? state.rip : state.segments[Insn.CS].base + state.rip & 0xFFFF_FFFFL;
    }

    long wrapIp(long ip) {
        return ip & ipMask;
    }

    /// Real mode or virtual-8086 mode: segments are paragraphs.
    boolean realSegments() {
        return !state.inProtectedMode() || state.inVirtual8086Mode();
    }

    void requireCpl0() {
        if (state.cpl != 0) {
            throw GuestFault.gp0();
        }
    }

    // ---- addresses

    /// Effective address (offset in its segment) of the memory operand, truncated to the address size.
    public long effectiveAddress(Insn insn) {
        long address = insn.displacement;
        if (insn.base != Insn.NO_REGISTER) {
            address += gpr[insn.base];
        }
        if (insn.index != Insn.NO_REGISTER) {
            address += gpr[insn.index] << insn.scale;
        }
        return switch (insn.addressSize) {
            case 2 -> address & 0xFFFF;
            case 4 -> address & 0xFFFF_FFFFL;
            default -> address;
        };
    }

    /// Linear address of `size` bytes that are about to be accessed; checks the segment.
    long linear(int segment, long offset, int size, boolean write) {
        var s = state.segments[segment];
        if (codeSize == 64) {
            if (segment == Insn.SS && !(Mmu.isCanonical(offset) && Mmu.isCanonical(offset + size - 1))) {
                throw GuestFault.ss0();
            }
            return segment >= Insn.FS ? s.base + offset : offset;
        }
        checkSegment(s, segment, offset, size, write);
        return s.base + offset & 0xFFFF_FFFFL;
    }

    private void checkSegment(Segment s, int segment, long offset, int size, boolean write) {
        boolean allowed = s.usable;
        int type = s.type();
        boolean code = (type & 8) != 0;
        if (!realSegments()) {
            // Type bits: code 8, expand-down 4, writable/readable 2.
            allowed &= write ? !code && (type & 2) != 0 : !code || (type & 2) != 0;
        }
        long last = offset + size - 1;
        if ((type & 12) == 4 && !realSegments()) {
            long top = s.big() ? 0xFFFF_FFFFL : 0xFFFF;
            allowed &= offset > s.limit && last <= top;
        } else {
            allowed &= last <= s.limit;
        }
        if (!allowed) {
            throw segment == Insn.SS ? GuestFault.ss0() : GuestFault.gp0();
        }
    }

    /// Linear address without checks, for the alignment rules.
    public long linear(int segment, long offset) {
        if (codeSize == 64) {
            return segment >= Insn.FS ? state.segments[segment].base + offset : offset;
        }
        return state.segments[segment].base + offset & 0xFFFF_FFFFL;
    }

    /// A linear address that was computed by adding to a checked one.
    long wrapLinear(long linear) {
        return codeSize == 64 ? linear : linear & 0xFFFF_FFFFL;
    }

    // ---- memory

    public int load8(int segment, long offset) {
        return mmu.load8(linear(segment, offset, 1, false));
    }

    public int load16(int segment, long offset) {
        return mmu.load16(linear(segment, offset, 2, false));
    }

    public int load32(int segment, long offset) {
        return mmu.load32(linear(segment, offset, 4, false));
    }

    public long load64(int segment, long offset) {
        return mmu.load64(linear(segment, offset, 8, false));
    }

    public void store8(int segment, long offset, int value) {
        mmu.store8(linear(segment, offset, 1, true), value);
    }

    public void store16(int segment, long offset, int value) {
        mmu.store16(linear(segment, offset, 2, true), value);
    }

    public void store32(int segment, long offset, int value) {
        mmu.store32(linear(segment, offset, 4, true), value);
    }

    public void store64(int segment, long offset, long value) {
        mmu.store64(linear(segment, offset, 8, true), value);
    }

    /// Zero-extended.
    long load(int segment, long offset, int size) {
        long at = linear(segment, offset, size, false);
        return switch (size) {
            case 1 -> mmu.load8(at);
            case 2 -> mmu.load16(at);
            case 4 -> mmu.load32(at) & 0xFFFF_FFFFL;
            default -> mmu.load64(at);
        };
    }

    void store(int segment, long offset, int size, long value) {
        long at = linear(segment, offset, size, true);
        switch (size) {
            case 1 -> mmu.store8(at, (int) value);
            case 2 -> mmu.store16(at, (int) value);
            case 4 -> mmu.store32(at, (int) value);
            default -> mmu.store64(at, value);
        }
    }

    /// Checks that `size` bytes can be written (so that a store in parts cannot fault half-way).
    public void checkStore(int segment, long offset, int size) {
        mmu.checkStore(linear(segment, offset, size, true), size);
    }

    /// Checks that `size` bytes can be read.
    public void checkLoad(int segment, long offset, int size) {
        mmu.checkLoad(linear(segment, offset, size, false), size);
    }

    // ---- registers by size

    long register(int number, int size) {
        long value = gpr[number];
        return switch (size) {
            case 1 -> value & 0xFF;
            case 2 -> value & 0xFFFF;
            case 4 -> value & 0xFFFF_FFFFL;
            default -> value;
        };
    }

    void setRegister(int number, int size, long value) {
        switch (size) {
            case 1 -> gpr[number] = gpr[number] & ~0xFFL | value & 0xFF;
            case 2 -> gpr[number] = gpr[number] & ~0xFFFFL | value & 0xFFFF;
            case 4 -> gpr[number] = value & 0xFFFF_FFFFL;
            default -> gpr[number] = value;
        }
    }

    // ---- the stack

    /// Where the stack pointer is, by stack size.
    long stackPointer() {
        return switch (stackSize) {
            case 2 -> gpr[4] & 0xFFFF;
            case 4 -> gpr[4] & 0xFFFF_FFFFL;
            default -> gpr[4];
        };
    }

    void setStackPointer(long value) {
        setRegister(4, stackSize, value);
    }

    long wrapStack(long offset) {
        return switch (stackSize) {
            case 2 -> offset & 0xFFFF;
            case 4 -> offset & 0xFFFF_FFFFL;
            default -> offset;
        };
    }

    void push(int size, long value) {
        long sp = wrapStack(stackPointer() - size);
        store(Insn.SS, sp, size, value);
        setStackPointer(sp);
    }

    /// Reads `size` bytes at `offset` above the stack pointer, which stays.
    long peek(int offset, int size) {
        return load(Insn.SS, wrapStack(stackPointer() + offset), size);
    }

    void drop(long bytes) {
        setStackPointer(wrapStack(stackPointer() + bytes));
    }

    long pop(int size) {
        long value = peek(0, size);
        drop(size);
        return value;
    }

    // ---- control transfers

    /// A near jump to `target`, by operand size: canonical or within CS, else #GP(0) at the jumping instruction.
    void jumpNear(long target, int operandSize) {
        state.rip = checkedTarget(target, operandSize);
    }

    long checkedTarget(long target, int operandSize) {
        if (codeSize == 64) {
            if (!Mmu.isCanonical(target)) {
                throw GuestFault.gp0();
            }
            return target;
        }
        long ip = operandSize == 2 ? target & 0xFFFF : target & 0xFFFF_FFFFL;
        if (ip > state.segments[Insn.CS].limit) {
            throw GuestFault.gp0();
        }
        return ip;
    }

    // ---- debugging

    /// Instructions of several steps (repeated strings) stop after each, for a trap or a breakpoint.
    boolean stopsEachStep() {
        return debugging || debug.isStepping() || debug.watches() || state.flag(CpuState.TF);
    }

    /// What a debugger outside wants, which is no state of the guest's.
    final DebugControl debug = new DebugControl(this);

    /// DR7 has an enabled breakpoint: instructions run one by one.
    boolean debugging;

    /// To be called after DR7, or what a debugger watches, changed.
    void debugChanged() {
        debugging = (state.dr[7] & 0xFF) != 0;
        var ranges = new ArrayList<DataWatch.Range>();
        if (debugging) {
            Breakpoints.data(this, ranges);
        }
        debug.addRanges(ranges);
        mmu.watchData(DataWatch.of(ranges));
        look = true;
    }

    /// For RDRAND and RDSEED: guests seed their own generators from it, so it must not be predictable.
    private final SecureRandom random = new SecureRandom();

    long nextRandom() {
        return random.nextLong();
    }

    // ---- time

    long timeStamp() {
        return ports.nanos() + state.msrs.tscOffset;
    }

    /// Interrupts may have become possible: IF was set, the priority fell, or an access reached the local APIC.
    void lookForInterrupts() {
        look = true;
    }

    /// IF, TF, AC or RF may have changed.
    void flagsChanged() {
        look = true;
        mmu.updateRights();
    }

    /// The next instruction runs before any interrupt.
    void castShadow(boolean holdsTraps) {
        shadow = true;
        shadowHoldsTraps = holdsTraps;
        look = true;
    }
}
