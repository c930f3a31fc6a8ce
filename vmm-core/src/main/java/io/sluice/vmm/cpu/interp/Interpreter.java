package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.cpu.state.GuestFault;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Collection;
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
        SHUTDOWN,
        /// A debugger's point was reached or its step is done; [#takeDebugStop] says which.
        DEBUGGED
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
    private final Jumps jumps = new Jumps();
    private final BlockCache cache;
    private final BlockFinder finder;
    private final Delivery delivery;
    private final SingleStep singleStep;
    private final HotCode hotCode;
    private final ForeignWrites foreignWrites;
    private final InterruptController interrupts;
    private final InterpreterCounters counters = new InterpreterCounters();

    @SuppressWarnings("unused") // by ATTENTION
    private volatile int attention;

    /// The next block does not just run: see [#runSlowly].
    private boolean stepping;
    /// Instructions run one by one.
    private boolean single;
    private boolean nmiPending;
    /// Between INIT and a startup message: nothing else is heard.
    private boolean waitsForStartup;
    private volatile int startupVector;
    /// Translated code may run: a debugger's breakpoints are not in it.
    private boolean translated = true;
    private int budget;
    private long instructions;

    /// Without a translator.
    public Interpreter(Core core, AddressSpace memory) {
        this(core, memory, plan -> null, Integer.MAX_VALUE);
    }

    /// @param translator for what is hot
    /// @param hotAt how often a block is interpreted before it is translated
    public Interpreter(Core core, AddressSpace memory, Translator translator, int hotAt) {
        this.core = core;
        this.state = core.state;
        this.interrupts = core.ports.interrupts();
        this.cache = new BlockCache(memory, core.mmu, jumps, counters);
        this.finder = new BlockFinder(core, cache, jumps, new BlockBuilder(core, memory), counters);
        this.delivery = new Delivery(core, counters);
        this.singleStep = new SingleStep(this, core, delivery);
        this.hotCode = new HotCode(translator, hotAt, core, memory, cache, counters);
        this.foreignWrites = new ForeignWrites(core, memory, cache, () -> attend(Attention.CODE));
        memory.onChange(() -> attend(Attention.REMAP));
        core.told.trace().onChange(() -> attend(Attention.TRACE));
        foreignWrites.listen();
    }

    public Core core() {
        return core;
    }

    /// What has been done so far; any thread may look.
    public InterpreterCounters counters() {
        return counters;
    }

    /// Instructions run so far.
    public long instructions() {
        return instructions;
    }

    /// Asks the vCPU to look up before its next block. Any thread.
    public void attend(int reasons) {
        ATTENTION.getAndBitwiseOr(this, reasons);
        // For translated code, which asks here; what counts is the word above.
        core.look = true;
    }

    /// A startup message (SIPI): leaves wait-for-SIPI at `vector << 12`; ignored in any other state. Any thread.
    public void startup(int vector) {
        startupVector = vector;
        attend(Attention.STARTUP);
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
                runSlowly();
            } else {
                runBlock();
            }
        }
    }

    // ---- running

    private void runBlock() {
        long linear = core.linearIp();
        int place = jumps.find(linear, key(linear, core.mode));
        if (place != Jumps.NOWHERE) {
            var region = jumps.take(place);
            if (region != null) {
                execute(region, state.rip - jumps.entryOffset(place), jumps.entry(place));
                return;
            }
        }
        runOrTranslate(place);
    }

    /// @param known the place where it goes, or [Jumps#NOWHERE]
    private void runOrTranslate(int known) {
        var block = next();
        if (block == null) {
            return;
        }
        hotCode.count(block, known == Jumps.NOWHERE ? 0 : jumps.runs(known));
        var region = block.region;
        long base = state.rip - block.entryOffset;
        if (region != null && translated && isThere(region, base)) {
            long linear = core.linearIp();
            int place = jumps.find(linear, key(linear, core.mode));
            if (place != Jumps.NOWHERE && block.equals(jumps.block(place))) {
                jumps.settle(place, region, hotCode.mostUncounted(region));
            }
            execute(region, base, block.entry);
        } else {
            state.settleFlags();
            execute(block);
        }
    }

    private boolean isThere(Region region, long base) {
        return region.isKnownAt(core.mmu.codeKey(base), base) || hotCode.isThere(region, base);
    }

    private void execute(Region region, long base, int entry) {
        int done;
        try {
            done = region.run(core, base, entry, budget);
        } catch (GuestFault fault) {
            var located = region.located(fault, core, base);
            state.settleFlags();
            done = core.executed;
            core.debug.forget();
            delivery.raise(located, state.flags() | CpuState.RF);
        }
        boolean missed = done < 0;
        done = missed ? ~done : done;
        budget -= done;
        instructions += done;
        counters.translatedInstructions += done;
        if (missed) {
            interpretMissed(region, base);
        }
    }

    /// A region left off before an access that is not in the translation cache: what follows up to the end of its block
    /// is interpreted, so that there is progress whatever it leads to.
    private void interpretMissed(Region region, long base) {
        var block = next();
        if (block != null) {
            state.settleFlags();
            hotCode.missed(region, base, block, instructions);
            execute(block);
        }
    }

    /// One by one, or with each block told: what [#runBlock] shall not have to ask for.
    private void runSlowly() {
        if (single) {
            singleStep.step();
            return;
        }
        var block = next();
        if (block != null) {
            core.told.runs(core.linearIp(), block);
            execute(block);
        }
    }

    void execute(Block block) {
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
            } else {
                block.ledTo = (int) (state.rip - start);
            }
        } catch (GuestFault fault) {
            if (!core.committed) {
                state.rip = core.wrapIp(start + ops[i].start);
                core.debug.forget();
            }
            delivery.raise(located(fault, ops[i]), state.flags() | CpuState.RF);
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

    /// The block at `rip`; null if a fault was delivered or one instruction run in its stead.
    private @Nullable Block next() {
        Block block;
        try {
            requireIpInLimit();
            block = blockAt(core.linearIp(), core.mode);
        } catch (GuestFault fault) {
            state.settleFlags();
            delivery.raise(fault, state.flags() | CpuState.RF);
            return null;
        }
        if (!core.is64() && state.rip + block.bytes - 1 > state.segments[Insn.CS].limit) {
            singleStep.step();
            return null;
        }
        return block;
    }

    /// Comes before anything that paging has to say.
    void requireIpInLimit() {
        if (!core.is64() && state.rip > state.segments[Insn.CS].limit) {
            throw GuestFault.gp0();
        }
    }

    Block blockAt(long linear, int mode) {
        long key = key(linear, mode);
        int place = jumps.find(linear, key);
        var block = place == Jumps.NOWHERE ? null : jumps.block(place);
        return block != null ? block : finder.find(linear, mode, key);
    }

    private long key(long linear, int mode) {
        return core.mmu.codeKey(linear) | (long) mode << 12;
    }

    // ---- looking up

    private @Nullable Exit lookUp() {
        if (core.debug.hasStopped()) {
            return debugged();
        }
        core.look = false;
        state.settleFlags();
        counters.lookUps++;
        int reasons = (int) ATTENTION.getOpaque(this) != 0 ? (int) ATTENTION.getAndSet(this, 0) : 0;
        if (delivery.shutDown) {
            delivery.shutDown = false;
            counters.shutdowns++;
            return Exit.SHUTDOWN;
        }
        if ((reasons & (Attention.REMAP | Attention.CODE)) != 0) {
            changedMemory(reasons);
        }
        if ((reasons & Attention.TRACE) != 0) {
            finder.decodeAnew();
        }
        if ((reasons & Attention.NMI) != 0) {
            nmiPending = true;
        }
        if ((reasons & (Attention.INIT | Attention.STARTUP)) != 0) {
            startOver(reasons);
        }
        if ((reasons & Attention.STOP) != 0) {
            counters.stops++;
            core.look = true;
            return Exit.STOPPED;
        }
        budget -= core.spent;
        core.spent = 0;
        if (waitsForStartup) {
            interrupts.poll(core.ports.nanos());
            core.look = true;
            return Exit.HALTED;
        }
        if (core.pendingTrap != 0 && !core.shadow) {
            // Of a task switch: there was no step behind which it could come.
            delivery.raiseTrap();
        }
        if (budget < 0 || core.halted || interrupts.attention()) {
            budget = SLICE;
            interrupts.poll(core.ports.nanos());
        }
        if ((reasons & Attention.APIC) != 0 && (core.shadow || !state.flag(CpuState.IF))) {
            counters.windows++;
        }
        if (!core.shadow && !interruptsHeld) {
            takeInterrupt();
        }
        if (core.debug.hasStopped()) {
            return debugged();
        }
        if (core.halted) {
            counters.halts++;
            core.look = true;
            return Exit.HALTED;
        }
        if (!core.debugging) {
            // RF only holds back instruction breakpoints.
            state.systemFlags &= ~CpuState.RF;
        }
        single = core.shadow || core.debugging || state.flag(CpuState.TF);
        stepping = single || core.told.wantsBlocks();
        return null;
    }

    // ---- for a debugger

    /// No interrupt is taken: a debugger steps.
    private boolean interruptsHeld;

    /// Stops at these points from now on and at no others.
    public void setDebugPoints(Collection<? extends DebugPoint> points) {
        core.debug.set(points);
        translated = points.isEmpty();
        core.debugChanged();
        core.updateMode();
        jumps.clear();
    }

    /// Runs one instruction, or one turn of a repeated one, whatever points are set at it, and comes back with
    /// [Exit#DEBUGGED]. An exception that it raises is delivered and the step over: `rip` is at the handler.
    ///
    /// @param interrupts whether an interrupt may come instead; then the step ends at its handler. Otherwise the step
    /// of a halted vCPU ends where it began
    public Exit runOne(boolean interrupts) {
        foreignWrites.own(Thread.currentThread());
        core.look = true;
        core.debug.setStepping(true);
        interruptsHeld = !interrupts;
        delivery.raised = false;
        try {
            var exit = lookUp();
            if (exit == null && !delivery.raised) {
                singleStep.step();
            } else if (exit == Exit.HALTED && !interrupts) {
                exit = null;
            }
            return exit == null ? debugged() : exit;
        } finally {
            core.debug.setStepping(false);
            interruptsHeld = false;
            core.look = true;
        }
    }

    private Exit debugged() {
        core.look = true;
        return Exit.DEBUGGED;
    }

    /// Why [#run] or [#runOne] came back with [Exit#DEBUGGED]; once.
    public DebugStop takeDebugStop() {
        return core.debug.takeStop();
    }

    private void changedMemory(int reasons) {
        if ((reasons & Attention.REMAP) != 0) {
            core.mmu.flushForRemap();
            cache.clear();
            foreignWrites.listen();
        }
        foreignWrites.drain();
    }

    /// INIT, and the startup message that may have come right behind it (SDM volume 3, section 8.4).
    private void startOver(int reasons) {
        if ((reasons & Attention.INIT) != 0) {
            ResetState.init(core);
            core.mmu.flushAll();
            nmiPending = false;
            waitsForStartup = core.ports.id() != 0;
        }
        if ((reasons & Attention.STARTUP) != 0 && waitsForStartup) {
            waitsForStartup = false;
            ResetState.start(core, startupVector & 0xFF);
        }
    }

    private void takeInterrupt() {
        if (nmiPending && !core.nmiBlocked) {
            nmiPending = false;
            core.nmiBlocked = true;
            core.halted = false;
            counters.nmis++;
            delivery.interrupt(GuestFault.NMI);
        } else if (state.flag(CpuState.IF) && interrupts.hasInterrupt()) {
            core.halted = false;
            int vector = interrupts.acknowledge();
            core.told.serviced(vector);
            counters.interrupts[vector >> 4 & InterpreterCounters.CLASSES - 1]++;
            delivery.interrupt(vector);
        }
    }

    /// Whether the vCPU waits in a HLT, or for a startup message.
    public boolean isHalted() {
        return core.halted || waitsForStartup;
    }

    /// Whether the next instruction runs in an interrupt shadow.
    public boolean isShadowed() {
        return core.shadow;
    }

    /// Ends a HLT: registers were set from outside and the vCPU is to go on with them.
    public void resume() {
        core.halted = false;
        core.look = true;
    }

    /// Back to the state after RESET (SDM volume 3, table 10-1), with nothing cached. All vCPUs but the first wait for
    /// a startup message then.
    public void reset() {
        ATTENTION.setVolatile(this, 0);
        core.debug.forget();
        ResetState.apply(core);
        cache.clear();
        core.mmu.flushForRemap();
        foreignWrites.listen();
        foreignWrites.drain();
        nmiPending = false;
        delivery.shutDown = false;
        stepping = false;
        waitsForStartup = core.ports.id() != 0;
        core.look = true;
    }
}
