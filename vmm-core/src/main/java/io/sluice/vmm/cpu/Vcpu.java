package io.sluice.vmm.cpu;

import io.sluice.vmm.bus.TrapMeter;
import io.sluice.vmm.cpu.interp.Attention;
import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.CpuPorts;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.interp.InterpreterCounters;
import io.sluice.vmm.cpu.interp.InterruptController;
import io.sluice.vmm.cpu.jit.BytecodeTranslator;
import io.sluice.vmm.cpu.mmu.MmuCounters;
import io.sluice.vmm.cpu.mmu.PageTableReader;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.irq.LocalApic;
import io.sluice.vmm.irq.VcpuPort;
import io.sluice.vmm.trace.Trace;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// One virtual CPU on a thread of its own, `vcpu-N`. It is made paused.
///
/// Other threads only hand it commands; it carries them out between two blocks. [#pause] and [#inspect] wait until that
/// is done, so they are not for event loops nor for the vCPU itself.
public final class Vcpu implements AutoCloseable {
    /// One access to a device in so many is timed: with two looks at the clock each, all of them would cost three times
    /// what the accesses do.
    private static final int TIMED_ACCESS = 17;

    private final int id;
    private final VcpuBoard board;
    private final VcpuEvents events;
    private final LocalApic apic;
    private final ApicAdapter interrupts;
    private final Interpreter interpreter;
    private final VcpuDebug debug;
    private final Thread thread;
    private final TrapMeter memoryTraps = new TrapMeter(TIMED_ACCESS);
    private final TrapMeter ioTraps = new TrapMeter(TIMED_ACCESS);
    private final ConcurrentLinkedQueue<Runnable> commands = new ConcurrentLinkedQueue<>();

    /// How often a block is interpreted before it is translated: HotSpot needs about 0.1 ms for one of its
    /// instructions, as long as 10,000 of them take in the interpreter. With 2,000 the boot of a guest takes a third
    /// more processor time, with 20,000 no less.
    private static final int HOT_AT = 5000;

    /// How long a thread spins at most: about four times what it takes to wake one.
    private static final long MOST_SPIN_NANOS = 200_000;

    private volatile boolean closing;
    private volatile boolean sleeping;
    /// Of the vCPU's thread.
    private boolean paused = true;
    /// Of the vCPU's thread: whether its last sleep was a short one.
    private boolean spins;
    /// Of the vCPU's thread: one instruction, and the vCPU is paused again.
    private Pace pace = Pace.FREE;

    /// How the vCPU runs while it is not paused.
    enum Pace {
        FREE,
        STEP,
        STEP_WITH_INTERRUPTS
    }

    public Vcpu(int id, VcpuBoard board, VcpuEvents events) {
        this.id = id;
        this.board = board;
        this.events = events;
        this.apic = new LocalApic(id, id == 0, board.clock(), board.apicBus(), new Port());
        this.interrupts = new ApicAdapter(apic, board.acknowledgePics());
        this.interpreter = new Interpreter(
                new Core(board.memory(), board.io(), new Ports()), board.memory(), new BytecodeTranslator(), HOT_AT);
        this.interpreter.reset();
        this.debug = new VcpuDebug(this, interpreter, board.memory());
        this.thread = new Thread(this::live, "vcpu-" + id);
        this.thread.setDaemon(true);
        this.thread.start();
    }

    public LocalApic apic() {
        return apic;
    }

    public int id() {
        return id;
    }

    /// Instructions that the vCPU has run. Any thread; a little late.
    public long instructions() {
        return interpreter.instructions();
    }

    /// What a debugger asks of this vCPU.
    public VcpuDebug debug() {
        return debug;
    }

    // ---- what it has done; any thread looks, and sees it a little late

    public InterpreterCounters counters() {
        return interpreter.counters();
    }

    public MmuCounters mmuCounters() {
        return interpreter.core().mmu.counters();
    }

    /// Accesses to devices in memory, as far as [#meterTraps] was on.
    public TrapMeter memoryTraps() {
        return memoryTraps;
    }

    /// Accesses to ports, as far as [#meterTraps] was on.
    public TrapMeter ioTraps() {
        return ioTraps;
    }

    /// Counts and times accesses to devices from now on, or no more. Soon; does not wait.
    public void meterTraps(boolean on) {
        var core = interpreter.core();
        submit(on ? () -> core.meter(memoryTraps, ioTraps) : core::unmeter);
    }

    // ---- commands

    /// Lets the vCPU run.
    public void resume() {
        resume(Pace.FREE);
    }

    void resume(Pace how) {
        submit(() -> {
            pace = how;
            paused = false;
        });
    }

    /// Stops the vCPU; when this returns it runs no instruction.
    public void pause() {
        await(() -> paused = true);
    }

    /// Stops the vCPU soon: from threads that may not wait.
    public void pauseSoon() {
        submit(() -> paused = true);
    }

    /// Waits until the vCPU has ended the block that it is in. What it has cached of a map that was changed before, it
    /// uses no more then.
    public void settle() {
        await(() -> {});
    }

    /// RESET, then whatever `prepare` sets; stays paused or running as it was.
    public void reset(Consumer<CpuState> prepare) {
        await(() -> {
            interpreter.reset();
            prepare.accept(interpreter.core().state);
            interpreter.core().stateChanged();
        });
    }

    /// Lets `reader` look at the registers between two instructions, and waits for it.
    public void inspect(Consumer<CpuState> reader) {
        await(() -> reader.accept(interpreter.core().state));
    }

    /// The page tables that it uses now. For a reader of [#inspect].
    public PageTableReader pageTables() {
        return interpreter.core().mmu.tables();
    }

    /// Whether it waits in HLT, or for a startup message. For a reader of [#inspect].
    public boolean isHalted() {
        return interpreter.isHalted();
    }

    /// Whether its next instruction runs in an interrupt shadow. For a reader of [#inspect].
    public boolean isShadowed() {
        return interpreter.isShadowed();
    }

    /// Ends the thread; when this returns it is gone.
    @Override
    public void close() {
        closing = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void submit(Runnable command) {
        commands.add(command);
        wake();
    }

    /// Has `command` done on the vCPU's thread, between two instructions.
    void await(Runnable command) {
        var done = new CountDownLatch(1);
        submit(() -> {
            command.run();
            done.countDown();
        });
        boolean interrupted = false;
        while (done.getCount() != 0 && thread.isAlive()) {
            try {
                done.await(100, java.util.concurrent.TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void wake() {
        interpreter.attend(Attention.STOP);
        LockSupport.unpark(thread);
    }

    // ---- the vCPU's thread

    private void live() {
        while (!closing) {
            for (var command = commands.poll(); command != null; command = commands.poll()) {
                command.run();
            }
            if (closing) {
                return;
            }
            if (paused) {
                LockSupport.park(this);
            } else {
                runOnce();
            }
        }
    }

    private void runOnce() {
        try {
            var exit = pace == Pace.FREE ? interpreter.run() : interpreter.runOne(pace == Pace.STEP_WITH_INTERRUPTS);
            switch (exit) {
                case STOPPED -> {}
                case HALTED -> sleep();
                case SHUTDOWN -> {
                    paused = true;
                    events.shutDown(id);
                }
                case DEBUGGED -> {
                    paused = true;
                    debug.tell(interpreter.takeDebugStop());
                }
            }
        } catch (RuntimeException | Error e) {
            paused = true;
            events.failed(id, e);
        }
    }

    /// HLT: until an interrupt, the timer, or a command. A guest that waited shortly the last time, as for a disk, is
    /// likely to again: then the thread spins before it parks, because to be woken takes longer than such a wait
    /// (`.ci/nvme-beside-qemu` is what pays for it).
    private void sleep() {
        long began = System.nanoTime();
        if (!spins || !comesWithin(began, MOST_SPIN_NANOS)) {
            park();
        }
        spins = System.nanoTime() - began < MOST_SPIN_NANOS;
    }

    private boolean isWoken() {
        return interpreter.wantsAttention()
                || apic.attention()
                || apic.nextDeadline() <= board.clock().nanos();
    }

    private boolean comesWithin(long began, long nanos) {
        while (!isWoken()) {
            if (System.nanoTime() - began >= nanos) {
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }

    private void park() {
        sleeping = true;
        while (!isWoken()) {
            long deadline = apic.nextDeadline();
            long wait = deadline == Long.MAX_VALUE
                    ? Long.MAX_VALUE
                    : deadline - board.clock().nanos();
            if (wait > 0) {
                LockSupport.parkNanos(this, wait);
            }
        }
        sleeping = false;
    }

    private void kick(int reason) {
        interpreter.attend(reason);
        if (sleeping) {
            LockSupport.unpark(thread);
        }
    }

    /// What the local APIC and its like tell this vCPU. Any thread.
    private final class Port implements VcpuPort {
        @Override
        public void kick() {
            Vcpu.this.kick(Attention.APIC);
        }

        @Override
        public void nmi() {
            Vcpu.this.kick(Attention.NMI);
        }

        /// There is no system management mode: an SMI is dropped, as on a board that routes none.
        @Override
        public void smi() {}

        @Override
        public void init() {
            Vcpu.this.kick(Attention.INIT);
        }

        @Override
        public void startup(int vector) {
            interpreter.startup(vector);
            Vcpu.this.kick(Attention.STARTUP);
        }
    }

    private final class Ports implements CpuPorts {
        @Override
        public InterruptController interrupts() {
            return interrupts;
        }

        @Override
        public long nanos() {
            return board.clock().nanos();
        }

        @Override
        public void ferr(boolean asserted) {
            board.ferr().set(asserted);
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public Trace trace() {
            return board.trace();
        }

        @Override
        public int count() {
            return board.count();
        }
    }
}
