package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// Runs one vCPU: finds the next block, runs its micro-ops, delivers what they raise, and looks up between blocks when
/// something asks for attention. All but [#attend] belongs to the vCPU's thread.
public final class Interpreter {
    /// Why [#run] came back.
    public enum Exit {
        /// HLT with nothing to wake it.
        HALTED,
        /// [Attention#STOP].
        STOPPED,
        /// A fault while a double fault was delivered: the processor shut down.
        SHUTDOWN
    }

    /// Instructions between two looks at the clock: about 50 µs.
    private static final int SLICE = 4096;

    private static final VarHandle ATTENTION;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(Interpreter.class, "attention", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Core core;
    private final CpuState state;
    private final BlockCache cache;
    private final BlockBuilder builder;
    private final ForeignWrites foreignWrites;
    private final InterruptController interrupts;

    @SuppressWarnings("unused") // by ATTENTION
    private volatile int attention;

    private boolean stepping;
    private boolean nmiPending;
    private boolean shutDown;
    private int budget;
    private long instructions;

    public Interpreter(Core core, AddressSpace memory) {
        this.core = core;
        this.state = core.state;
        this.interrupts = core.ports.interrupts();
        this.cache = new BlockCache(memory, core.mmu);
        this.builder = new BlockBuilder(core, memory);
        this.foreignWrites = new ForeignWrites(memory, cache, () -> attend(Attention.CODE));
        memory.onChange(() -> attend(Attention.REMAP));
        foreignWrites.listen();
    }

    public Core core() {
        return core;
    }

    /// Instructions run so far.
    public long instructions() {
        return instructions;
    }

    /// Asks the vCPU to look up before its next block. Any thread.
    public void attend(int reasons) {
        ATTENTION.getAndBitwiseOr(this, reasons);
    }

    /// Whether something asks for attention that [#run] has not seen. Any thread.
    public boolean wantsAttention() {
        return (int) ATTENTION.getVolatile(this) != 0;
    }

    /// Runs until there is a reason to come back.
    public Exit run() {
        foreignWrites.own(Thread.currentThread());
        core.look = true;
        while (true) {
            if (core.look || budget < 0 || (int) ATTENTION.getOpaque(this) != 0) {
                var exit = lookUp();
                if (exit != null) {
                    return exit;
                }
            }
            if (stepping) {
                step();
            } else {
                runBlock();
            }
        }
    }

    // ---- running

    private void runBlock() {
        Block block;
        try {
            block = next();
        } catch (GuestFault fault) {
            raise(fault, state.flags() | CpuState.RF);
            return;
        }
        if (block != null) {
            execute(block);
        }
    }

    private void execute(Block block) {
        MicroOp[] ops = block.ops;
        long start = state.rip;
        core.gpr[CpuState.BLOCK_RIP] = start;
        int i = 0;
        try {
            do {
                ops[i].run(core);
            } while (++i < ops.length);
            if (block.fallsThrough) {
                state.rip = core.wrapIp(start + block.bytes);
            }
        } catch (GuestFault fault) {
            state.rip = core.wrapIp(start + ops[i].start);
            raise(located(fault, ops[i]), state.flags() | CpuState.RF);
        } catch (BlockExit exit) {
            // The rest of the block was overwritten; `rip` is where to go on.
            core.look = true;
        }
        budget -= i;
        instructions += i;
    }

    /// A non-canonical address in the stack segment is #SS.
    private static GuestFault located(GuestFault fault, MicroOp op) {
        return fault.isNotCanonical() && op.stackSegment ? GuestFault.ss0() : fault;
    }

    private long linearIp() {
        return core.is64() ? state.rip : state.segments[Insn.CS].base + state.rip & 0xFFFF_FFFFL;
    }

    /// The block at `rip`; null if one instruction was run in its stead.
    private @Nullable Block next() {
        var block = blockAt(linearIp(), core.mode);
        if (!core.is64() && state.rip + block.bytes - 1 > state.segments[Insn.CS].limit) {
            step();
            return null;
        }
        return block;
    }

    private Block blockAt(long linear, int mode) {
        long key = core.mmu.codeKey() | (long) mode << 12;
        var block = cache.jump(linear, key);
        return block != null && block.valid ? block : find(linear, mode, key);
    }

    private Block find(long linear, int mode, long key) {
        long physical = core.mmu.fetch(linear);
        var block = cache.find(physical, mode);
        if (block != null && block.secondPage >= 0 && core.mmu.fetch(secondPage(linear)) != block.secondPage) {
            block = null;
        }
        if (block == null) {
            boolean keep = cache.watch(physical & ~0xFFFL);
            int most = (mode & Core.MODE_SINGLE) != 0 ? 1 : BlockBuilder.MAX_INSTRUCTIONS;
            block = builder.build(linear, physical, mode, most, cache);
            if (!keep) {
                return block;
            }
            cache.add(block);
        }
        cache.remember(linear, key, block);
        return block;
    }

    private long secondPage(long linear) {
        long next = (linear & ~0xFFFL) + 0x1000;
        return core.is64() ? next : next & 0xFFFF_FFFFL;
    }

    /// Runs one instruction with everything that single steps, breakpoints, RF and the interrupt shadow ask for.
    private void step() {
        boolean trap = state.flag(CpuState.TF);
        boolean shadowed = core.shadow;
        core.shadow = false;
        core.look = true;
        core.pendingTrap = 0;
        raised = false;
        try {
            long linear = linearIp();
            if (core.debugging && !state.flag(CpuState.RF)) {
                long hits = Breakpoints.instruction(core, linear);
                if (hits != 0) {
                    state.dr[6] |= hits;
                    raise(new GuestFault(GuestFault.DB, GuestFault.NO_CODE), state.flags() | CpuState.RF);
                    return;
                }
            }
            var block = blockAt(linear, core.mode | Core.MODE_SINGLE);
            if (!core.is64() && state.rip + block.bytes - 1 > state.segments[Insn.CS].limit) {
                throw GuestFault.gp0();
            }
            boolean resume = state.flag(CpuState.RF);
            execute(block);
            if (resume && !block.ops[0].endsBlock()) {
                state.systemFlags &= ~CpuState.RF;
            }
        } catch (GuestFault fault) {
            raise(fault, state.flags() | CpuState.RF);
            return;
        }
        if (trap && !raised) {
            core.pendingTrap |= ControlRegisters.DR6_BS;
        }
        raised = false;
        if (core.pendingTrap != 0 && !(core.shadow && core.shadowHoldsTraps)) {
            state.dr[6] |= core.pendingTrap;
            core.pendingTrap = 0;
            raise(new GuestFault(GuestFault.DB, GuestFault.NO_CODE), state.flags());
            raised = false;
        }
        if (shadowed && core.shadow) {
            // A second STI or MOV SS in the shadow of the first does not prolong it for ever.
            core.shadow = core.shadowHoldsTraps;
        }
    }

    /// The last instruction raised an exception: no single-step trap on top of it.
    private boolean raised;

    // ---- looking up

    private @Nullable Exit lookUp() {
        core.look = false;
        int reasons = (int) ATTENTION.getOpaque(this) != 0 ? (int) ATTENTION.getAndSet(this, 0) : 0;
        if (shutDown) {
            shutDown = false;
            return Exit.SHUTDOWN;
        }
        if ((reasons & (Attention.REMAP | Attention.CODE)) != 0) {
            changedMemory(reasons);
        }
        if ((reasons & Attention.NMI) != 0) {
            nmiPending = true;
        }
        if ((reasons & Attention.STOP) != 0) {
            core.look = true;
            return Exit.STOPPED;
        }
        if (budget < 0 || core.halted || interrupts.attention()) {
            budget = SLICE;
            interrupts.poll(core.ports.nanos());
        }
        if (!core.shadow) {
            takeInterrupt();
        }
        if (core.halted) {
            core.look = true;
            return Exit.HALTED;
        }
        if (!core.debugging) {
            // RF only holds back instruction breakpoints.
            state.systemFlags &= ~CpuState.RF;
        }
        stepping = core.shadow || core.debugging || state.flag(CpuState.TF);
        return null;
    }

    private void changedMemory(int reasons) {
        if ((reasons & Attention.REMAP) != 0) {
            core.mmu.flushForRemap();
            cache.clear();
            foreignWrites.listen();
        }
        foreignWrites.drain();
    }

    private void takeInterrupt() {
        if (nmiPending && !core.nmiBlocked) {
            nmiPending = false;
            core.nmiBlocked = true;
            core.halted = false;
            interrupt(GuestFault.NMI);
        } else if (state.flag(CpuState.IF) && interrupts.hasInterrupt()) {
            core.halted = false;
            interrupt(interrupts.acknowledge());
        }
    }

    private void interrupt(int vector) {
        try {
            Interrupts.deliver(core, vector, Interrupts.Source.HARDWARE, GuestFault.NO_CODE, state.flags());
        } catch (GuestFault fault) {
            raise(fault, state.flags());
        }
    }

    /// Delivers an exception; a fault on the way makes a double fault or the end (SDM volume 3, section 6.15).
    private void raise(GuestFault first, int savedFlags) {
        raised = true;
        core.look = true;
        var fault = first;
        boolean doubleFault = fault.vector == GuestFault.DF;
        for (int depth = 0; depth < 3; depth++) {
            if (fault.vector == GuestFault.PF) {
                state.cr2 = fault.address;
            }
            try {
                Interrupts.deliver(core, fault.vector, Interrupts.Source.HARDWARE, fault.code, savedFlags);
                return;
            } catch (GuestFault second) {
                if (doubleFault) {
                    break;
                }
                boolean combines = isContributory(fault.vector) && isContributory(second.vector)
                        || fault.vector == GuestFault.PF
                                && (second.vector == GuestFault.PF || isContributory(second.vector));
                fault = combines ? new GuestFault(GuestFault.DF, 0) : second;
                doubleFault = combines;
            }
        }
        shutDown = true;
    }

    private static boolean isContributory(int vector) {
        return vector == GuestFault.DE || vector >= GuestFault.TS && vector <= GuestFault.GP;
    }

    /// Back to the state after RESET (SDM volume 3, table 10-1), with nothing cached.
    public void reset() {
        ATTENTION.setVolatile(this, 0);
        ResetState.apply(core);
        cache.clear();
        core.mmu.flushForRemap();
        nmiPending = false;
        shutDown = false;
        stepping = false;
        core.look = true;
    }
}
