package io.sluice.vmm.irq;

import static io.sluice.vmm.irq.ApicReg.LVT_ERROR;
import static io.sluice.vmm.irq.ApicReg.LVT_LINT0;
import static io.sluice.vmm.irq.ApicReg.LVT_LINT1;
import static io.sluice.vmm.irq.ApicReg.LVT_TIMER;

import io.sluice.vmm.loop.MachineClock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;

/// The local APIC of one vCPU, with xAPIC and x2APIC interface (SDM 3A chapter 10).
///
/// Its vCPU's thread owns the registers. Other threads only leave something behind ([#post], the pins) and set
/// [#attention]; the vCPU then calls [#poll] and looks again at [#hasInterrupt], [#extIntWanted] and [#nextDeadline].
/// A register access that may change one of these sets [#attention] as well.
public final class LocalApic {
    public static final int BASE_BSP = 1 << 8;
    public static final int BASE_X2APIC = 1 << 10;
    public static final int BASE_ENABLE = 1 << 11;

    private static final VarHandle ATTENTION;
    private static final long BASE_WRITABLE = 0x000F_FFFF_FFFF_FD00L;
    private static final long DEFAULT_PAGE = 0xFEE0_0000L;
    private static final int SOFTWARE_ENABLE = 1 << 8;
    private static final int SUPPRESS_EOI_BROADCAST = 1 << 12;
    private static final int ERROR_SEND_VECTOR = 1 << 5;
    private static final int ERROR_RECEIVE_VECTOR = 1 << 6;
    private static final int ERROR_REGISTER = 1 << 7;
    private static final int FIRST_LEGAL_VECTOR = 16;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(LocalApic.class, "attention", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int id;
    private final boolean bootstrap;
    private final MachineClock clock;
    private final ApicBus bus;
    private final VcpuPort vcpu;

    private final InterruptQueue queue = new InterruptQueue();
    private final AtomicInteger incomingErrors = new AtomicInteger();
    private final LintPin lint0 = new LintPin(this);
    private final LintPin lint1 = new LintPin(this);
    private volatile boolean extIntMessage;
    private volatile boolean attention;

    // Written by the vCPU's thread, read by senders.
    private volatile long base;
    private volatile int logicalDestination;
    private volatile int destinationFormat;
    private volatile int spurious;

    private final LocalVectorTable lvt = new LocalVectorTable();
    private final ApicTimer timer = new ApicTimer();
    private int errors;
    private int newErrors;
    private int command;
    private int commandHigh;

    public LocalApic(int id, boolean bootstrap, MachineClock clock, ApicBus bus, VcpuPort vcpu) {
        this.id = id;
        this.bootstrap = bootstrap;
        this.clock = clock;
        this.bus = bus;
        this.vcpu = vcpu;
        reset();
        bus.attach(this);
    }

    public int id() {
        return id;
    }

    /// Something may have changed since the last [#poll]. Any thread; one volatile read.
    public boolean attention() {
        return attention;
    }

    /// The pin that the PICs' output is wired to on the bootstrap processor.
    public IrqLine lint0() {
        return lint0;
    }

    /// The pin for non-maskable interrupts.
    public IrqLine lint1() {
        return lint1;
    }

    // ---- Any thread

    void signal() {
        if (!(boolean) ATTENTION.getAndSet(this, true)) {
            vcpu.kick();
        }
    }

    /// A message that addresses this APIC.
    void post(DeliveryMode mode, int vector, boolean level) {
        switch (mode) {
            case FIXED, LOWEST_PRIORITY -> {
                if (accepts()) {
                    if (vector < FIRST_LEGAL_VECTOR) {
                        incomingErrors.getAndAccumulate(ERROR_RECEIVE_VECTOR, (a, b) -> a | b);
                    } else {
                        queue.post(vector, level);
                    }
                    signal();
                }
            }
            case EXT_INT -> {
                if (accepts()) {
                    extIntMessage = true;
                    signal();
                }
            }
            case SMI -> vcpu.smi();
            case NMI -> vcpu.nmi();
            case INIT -> vcpu.init();
            case STARTUP -> vcpu.startup(vector);
            case RESERVED -> {}
        }
    }

    /// Whether a message with this destination is for this APIC (SDM 3A 10.6.2, 10.12.10).
    boolean isAddressedBy(int destination, boolean logical) {
        if ((base & BASE_ENABLE) == 0) {
            return false;
        }
        if (destination == ApicBus.BROADCAST) {
            return true;
        }
        if (!logical) {
            return destination == id;
        }
        if (isX2()) {
            int ldr = x2LogicalDestination();
            return ldr >>> 16 == destination >>> 16 && (ldr & destination & 0xFFFF) != 0;
        }
        if (destination >>> 8 != 0) {
            return false;
        }
        int ldr = logicalDestination >>> 24;
        if (destinationFormat >>> 28 == 0xF) {
            return (ldr & destination) != 0;
        }
        int cluster = destination >>> 4;
        return (cluster == 0xF || cluster == ldr >>> 4) && (ldr & destination & 0xF) != 0;
    }

    /// Whether maskable messages are taken.
    boolean accepts() {
        return (base & BASE_ENABLE) != 0 && softwareEnabled();
    }

    int publishedPriority() {
        return queue.publishedPriority();
    }

    private boolean softwareEnabled() {
        return (spurious & SOFTWARE_ENABLE) != 0;
    }

    private boolean isX2() {
        return (base & BASE_X2APIC) != 0;
    }

    private int x2LogicalDestination() {
        return id >>> 4 << 16 | 1 << (id & 0xF);
    }

    // ---- The vCPU's thread: life and mode

    /// Power-up or a reset of the machine.
    public void reset() {
        base = DEFAULT_PAGE | BASE_ENABLE | (bootstrap ? BASE_BSP : 0);
        timer.setTscOffset(0, clock.nanos());
        init();
    }

    /// What INIT does: as [#reset], but IA32_APIC_BASE and the TSC stay as they are.
    public void init() {
        queue.clear();
        logicalDestination = 0;
        destinationFormat = -1;
        spurious = 0xFF;
        errors = 0;
        newErrors = 0;
        command = 0;
        commandHigh = 0;
        lvt.reset();
        timer.reset();
        incomingErrors.set(0);
        extIntMessage = false;
        attention = true;
    }

    /// What firmware leaves behind on the bootstrap processor: enabled, PICs through LINT0, NMI through LINT1. For
    /// guests that are entered without firmware.
    public void virtualWire() {
        set(ApicReg.SVR, 0x1FF);
        set(LVT_LINT0, DeliveryMode.EXT_INT.ordinal() << 8);
        set(LVT_LINT1, DeliveryMode.NMI.ordinal() << 8);
    }

    /// IA32_APIC_BASE.
    public long base() {
        return base;
    }

    /// Writes IA32_APIC_BASE; `false` is #GP: a reserved bit or an illegal change of mode (SDM 3A figure 10-27).
    public boolean setBase(long value) {
        boolean enable = (value & BASE_ENABLE) != 0;
        boolean x2 = (value & BASE_X2APIC) != 0;
        boolean wasEnabled = (base & BASE_ENABLE) != 0;
        if ((value & ~BASE_WRITABLE) != 0 || x2 && !enable || x2 && !wasEnabled || isX2() && enable && !x2) {
            return false;
        }
        base = value;
        if (!enable && wasEnabled) {
            init();
        }
        attention = true;
        return true;
    }

    /// Whether accesses to the page at [#base] are the APIC's.
    public boolean isPageMapped() {
        return (base & (BASE_ENABLE | BASE_X2APIC)) == BASE_ENABLE;
    }

    // ---- The vCPU's thread: registers

    /// Reads the xAPIC page; `offset` 0x000 to 0xFFF.
    public int read(int offset) {
        var register = (offset & 0xF) == 0 ? ApicReg.TABLE.at(offset) : null;
        if (register == null || register == ApicReg.SELF_IPI) {
            if ((offset & 0xF) == 0) {
                error(ERROR_REGISTER);
            }
            return 0;
        }
        return register == ApicReg.ID ? id << 24 : get(register);
    }

    /// Writes the xAPIC page; `offset` 0x000 to 0xFFF.
    public void write(int offset, int value) {
        var register = (offset & 0xF) == 0 ? ApicReg.TABLE.at(offset) : null;
        if (register == null || register == ApicReg.SELF_IPI) {
            if ((offset & 0xF) == 0) {
                error(ERROR_REGISTER);
            }
            return;
        }
        set(register, value);
    }

    /// Whether an MSR from 0x800 on exists now: only in x2APIC mode.
    public boolean hasMsr(int index) {
        return isX2() && ApicMsrs.register(index) != null;
    }

    public boolean canReadMsr(int index) {
        return isX2() && ApicMsrs.isReadable(index);
    }

    /// Reads an MSR for which [#canReadMsr] holds; 0 for any other.
    public long readMsr(int index) {
        var register = ApicMsrs.register(index);
        if (register == null) {
            return 0;
        }
        long low = switch (register) {
            case ID -> id;
            case LDR -> x2LogicalDestination();
            default -> get(register);
        };
        return low & 0xFFFF_FFFFL | (register == ApicReg.ICR ? (long) commandHigh << 32 : 0);
    }

    /// Writes an MSR; `false` is #GP.
    public boolean writeMsr(int index, long value) {
        var register = ApicMsrs.register(index);
        if (!isX2() || register == null || !ApicMsrs.isWritable(register, value)) {
            return false;
        }
        if (register == ApicReg.ICR) {
            commandHigh = (int) (value >>> 32);
        }
        set(register, (int) value);
        return true;
    }

    private int get(ApicReg register) {
        return switch (register) {
            case ID -> id;
            case VERSION -> (int) register.spec().reset();
            case TPR -> queue.taskPriority();
            case PPR -> queue.processorPriority();
            case LDR -> logicalDestination;
            case DFR -> destinationFormat;
            case SVR -> spurious;
            case ISR0, ISR1, ISR2, ISR3, ISR4, ISR5, ISR6, ISR7 -> queue.serviced32(register.compareTo(ApicReg.ISR0));
            case TMR0, TMR1, TMR2, TMR3, TMR4, TMR5, TMR6, TMR7 -> queue.level32(register.compareTo(ApicReg.TMR0));
            case IRR0, IRR1, IRR2, IRR3, IRR4, IRR5, IRR6, IRR7 -> queue.requested32(register.compareTo(ApicReg.IRR0));
            case ESR -> errors;
            case ICR -> command;
            case ICR_HIGH -> commandHigh;
            case LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR -> lvt.get(register);
            case INITIAL_COUNT -> (int) timer.initialCount();
            case CURRENT_COUNT -> (int) timer.currentCount(clock.nanos());
            case DIVIDE -> timer.divide();
            case APR, EOI, REMOTE_READ, SELF_IPI -> 0;
        };
    }

    private void set(ApicReg register, int value) {
        switch (register) {
            case TPR -> queue.setTaskPriority(value & 0xFF);
            case EOI -> endOfInterrupt();
            case LDR -> logicalDestination = register.written(logicalDestination, value);
            case DFR -> destinationFormat = register.written(destinationFormat, value) | 0x0FFF_FFFF;
            case SVR -> {
                spurious = register.written(spurious, value);
                if (!softwareEnabled()) {
                    lvt.maskAll();
                }
            }
            case ESR -> {
                newErrors |= incomingErrors.getAndSet(0);
                errors = newErrors;
                newErrors = 0;
            }
            case ICR -> {
                command = register.written(command, value);
                send();
            }
            case ICR_HIGH -> commandHigh = register.written(commandHigh, value);
            case LVT_TIMER -> {
                lvt.set(register, value, softwareEnabled());
                timer.setMode(lvt.get(register) >> 17 & 3);
            }
            case LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR ->
                lvt.set(register, value, softwareEnabled());
            case INITIAL_COUNT -> timer.setInitialCount(value & 0xFFFF_FFFFL, clock.nanos());
            case DIVIDE -> timer.setDivide(register.written(timer.divide(), value), clock.nanos());
            case SELF_IPI -> acceptOwn(value & 0xFF, false, ERROR_SEND_VECTOR);
            case ID, VERSION, APR, PPR, REMOTE_READ, CURRENT_COUNT -> {}
            case ISR0, ISR1, ISR2, ISR3, ISR4, ISR5, ISR6, ISR7 -> {}
            case TMR0, TMR1, TMR2, TMR3, TMR4, TMR5, TMR6, TMR7 -> {}
            case IRR0, IRR1, IRR2, IRR3, IRR4, IRR5, IRR6, IRR7 -> {}
        }
        attention = true;
    }

    /// IA32_TSC_DEADLINE; 0 unless the timer is in that mode and armed.
    public long tscDeadline() {
        return timer.tscDeadline();
    }

    public void setTscDeadline(long tsc) {
        timer.setTscDeadline(tsc, clock.nanos());
        attention = true;
    }

    /// The guest's TSC is the machine's clock in nanoseconds plus this.
    public void setTscOffset(long offset) {
        timer.setTscOffset(offset, clock.nanos());
        attention = true;
    }

    /// CR8: the upper half of the task priority.
    public int taskPriority() {
        return queue.taskPriority() >> 4;
    }

    public void setTaskPriority(int cr8) {
        queue.setTaskPriority((cr8 & 0xF) << 4);
        attention = true;
    }

    // ---- The vCPU's thread: interrupts

    /// Takes in what other threads left behind and lets the timer expire. Clears [#attention] first, so nothing that
    /// comes meanwhile is lost.
    public void poll(long nowNanos) {
        ATTENTION.setVolatile(this, false);
        queue.drain();
        int received = incomingErrors.get() == 0 ? 0 : incomingErrors.getAndSet(0);
        if (received != 0) {
            error(received);
        }
        pin(LVT_LINT0, lint0);
        pin(LVT_LINT1, lint1);
        if (timer.expire(nowNanos)) {
            timerExpired();
        }
    }

    /// Whether [#acknowledge] would give a vector other than the spurious one. As of the last [#poll].
    public boolean hasInterrupt() {
        return queue.hasInterrupt();
    }

    /// Takes the interrupt: the vector to go to. The spurious vector if none is above the processor's priority.
    public int acknowledge() {
        int vector = queue.acknowledge();
        return vector < 0 ? spurious & 0xFF : vector;
    }

    /// Whether the PICs have an interrupt and the way to this vCPU is open: acknowledge it at the PICs.
    public boolean extIntWanted() {
        if (!lint0.level()) {
            extIntMessage = false;
            return false;
        }
        return extIntMessage
                || (base & BASE_ENABLE) == 0
                || !lvt.isMasked(LVT_LINT0) && lvt.mode(LVT_LINT0) == DeliveryMode.EXT_INT;
    }

    /// When the timer wants the next [#poll], in nanoseconds of the machine's clock; `Long.MAX_VALUE` if never.
    public long nextDeadline() {
        return lvt.isMasked(LVT_TIMER) ? ApicTimer.NEVER : timer.deadline();
    }

    private void pin(ApicReg entry, LintPin pin) {
        boolean rose = pin.takeRise();
        if (lvt.isMasked(entry)) {
            return;
        }
        var mode = lvt.mode(entry);
        if (mode == DeliveryMode.FIXED && entry == LVT_LINT0 && lvt.isLevel(entry)) {
            if (pin.level() && !lvt.remoteIrr(entry)) {
                lvt.setRemoteIrr(entry, true);
                acceptOwn(lvt.vector(entry), true, ERROR_RECEIVE_VECTOR);
            }
        } else if (rose && mode == DeliveryMode.FIXED) {
            acceptOwn(lvt.vector(entry), false, ERROR_RECEIVE_VECTOR);
        } else if (rose && mode != DeliveryMode.EXT_INT && mode != DeliveryMode.STARTUP) {
            post(mode, lvt.vector(entry), false);
        }
    }

    private void timerExpired() {
        if (lvt.isMasked(LVT_TIMER)) {
            timer.forgive();
        } else if (!acceptOwn(lvt.vector(LVT_TIMER), false, ERROR_RECEIVE_VECTOR)) {
            timer.owe();
        }
    }

    /// An interrupt from within: whether the vector is newly requested.
    private boolean acceptOwn(int vector, boolean level, int errorIfIllegal) {
        if (vector < FIRST_LEGAL_VECTOR) {
            error(errorIfIllegal);
            return true;
        }
        return queue.accept(vector, level);
    }

    private void endOfInterrupt() {
        int vector = queue.endOfInterrupt();
        if (vector < 0) {
            return;
        }
        if (queue.isLevel(vector)) {
            if (lvt.remoteIrr(LVT_LINT0) && lvt.vector(LVT_LINT0) == vector) {
                lvt.setRemoteIrr(LVT_LINT0, false);
            }
            if ((spurious & SUPPRESS_EOI_BROADCAST) == 0) {
                bus.endOfInterrupt(vector);
            }
        }
        if (vector == lvt.vector(LVT_TIMER) && !lvt.isMasked(LVT_TIMER) && timer.takeBacklog()) {
            queue.accept(vector, false);
        }
    }

    private void send() {
        var mode = DeliveryMode.of(command);
        boolean vectored = mode == DeliveryMode.FIXED || mode == DeliveryMode.LOWEST_PRIORITY;
        if (vectored && (command & 0xFF) < FIRST_LEGAL_VECTOR) {
            error(ERROR_SEND_VECTOR);
            return;
        }
        bus.command(this, command, isX2() ? commandHigh : ApicBus.widen(commandHigh >>> 24));
    }

    private void error(int bits) {
        newErrors |= bits;
        int vector = lvt.vector(LVT_ERROR);
        if (!lvt.isMasked(LVT_ERROR) && vector >= FIRST_LEGAL_VECTOR) {
            queue.accept(vector, false);
            attention = true;
        }
    }

    /// For a snapshot; the vCPU stands still.
    public LocalApicState state() {
        return new LocalApicState(
                base,
                logicalDestination,
                destinationFormat,
                spurious,
                errors,
                newErrors | incomingErrors.get(),
                commandHigh,
                command,
                lint0.level(),
                lint1.level(),
                extIntMessage,
                lvt.toList(),
                queue.state(),
                timer.state());
    }

    /// Takes a snapshot's state; the vCPU stands still.
    public void restore(LocalApicState saved) {
        base = saved.base();
        logicalDestination = saved.logicalDestination();
        destinationFormat = saved.destinationFormat();
        spurious = saved.spurious();
        errors = saved.errors();
        newErrors = saved.newErrors();
        incomingErrors.set(0);
        commandHigh = saved.commandHigh();
        command = saved.command();
        lint0.restore(saved.lint0());
        lint1.restore(saved.lint1());
        extIntMessage = saved.extIntMessage();
        lvt.restore(saved.lvt());
        queue.restore(saved.queue());
        timer.restore(saved.timer());
        attention = true;
    }
}
