package io.sluice.vmm.irq;

import static io.sluice.vmm.irq.ApicReg.LVT_LINT0;
import static io.sluice.vmm.irq.ApicReg.LVT_LINT1;
import static io.sluice.vmm.irq.ApicReg.LVT_TIMER;

import io.sluice.vmm.loop.MachineClock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// The local APIC of one vCPU, with xAPIC and x2APIC interface (SDM 3A chapter 10).
///
/// Its vCPU's thread owns the registers. Other threads only leave something behind ([#post], the pins) and set
/// [#attention]; the vCPU then calls [#poll] and looks again at [#hasInterrupt], [#extIntWanted] and [#nextDeadline].
/// A register access that may change one of these sets [#attention] as well. Who finds it set is not kicked again, so a
/// vCPU polls before it halts; and it polls by itself once the clock has reached [#nextDeadline].
public final class LocalApic {
    public static final int BASE_BSP = 1 << 8;
    public static final int BASE_X2APIC = 1 << 10;
    public static final int BASE_ENABLE = 1 << 11;

    private static final VarHandle ATTENTION;
    private static final long BASE_WRITABLE = 0x000F_FFFF_FFFF_FD00L;
    private static final long DEFAULT_PAGE = 0xFEE0_0000L;
    private static final int SUPPRESS_EOI_BROADCAST = 1 << 12;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(LocalApic.class, "attention", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final boolean bootstrap;
    private final MachineClock clock;
    private final ApicBus bus;
    private final VcpuPort vcpu;

    private final ApicAddress address;
    private final ApicErrors errors = new ApicErrors();
    private final InterruptQueue queue = new InterruptQueue();
    private final LintPin lint0 = new LintPin(this);
    private final LintPin lint1 = new LintPin(this);
    private volatile boolean extIntMessage;
    private volatile boolean attention;

    private final LocalVectorTable lvt = new LocalVectorTable();
    private final ApicTimer timer = new ApicTimer();
    private final LocalInterrupts local;
    private int command;
    private int commandHigh;

    public LocalApic(int id, boolean bootstrap, MachineClock clock, ApicBus bus, VcpuPort vcpu) {
        address = new ApicAddress(id);
        this.bootstrap = bootstrap;
        this.clock = clock;
        this.bus = bus;
        this.vcpu = vcpu;
        local = new LocalInterrupts(queue, errors, vcpu, lvt, timer);
        reset();
        bus.attach(this);
    }

    public int id() {
        return address.id();
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
                    if (vector < LocalInterrupts.FIRST_LEGAL_VECTOR) {
                        errors.post(ApicErrors.RECEIVE_VECTOR);
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

    boolean isAddressedBy(int destination, boolean logical) {
        return address.matches(destination, logical);
    }

    /// Whether maskable messages are taken.
    boolean accepts() {
        return address.isEnabled() && address.isSoftwareEnabled();
    }

    int publishedPriority() {
        return queue.publishedPriority();
    }

    // ---- The vCPU's thread: life and mode

    /// Power-up or a reset of the machine.
    public void reset() {
        address.setBase(DEFAULT_PAGE | BASE_ENABLE | (bootstrap ? BASE_BSP : 0));
        timer.setTscOffset(0, clock.nanos());
        init();
    }

    /// What INIT does: as [#reset], but IA32_APIC_BASE and the TSC stay as they are.
    public void init() {
        queue.clear();
        address.init();
        errors.clear();
        command = 0;
        commandHigh = 0;
        lvt.reset();
        timer.reset();
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
        return address.base();
    }

    /// Writes IA32_APIC_BASE; `false` is #GP: a reserved bit or an illegal change of mode (SDM 3A figure 10-27).
    public boolean setBase(long value) {
        boolean enable = (value & BASE_ENABLE) != 0;
        boolean x2 = (value & BASE_X2APIC) != 0;
        boolean wasEnabled = address.isEnabled();
        if ((value & ~BASE_WRITABLE) != 0 || x2 && !enable || x2 && !wasEnabled || address.isX2() && enable && !x2) {
            return false;
        }
        address.setBase(value);
        if (!enable && wasEnabled) {
            init();
        }
        attention = true;
        return true;
    }

    /// Whether accesses to the page at [#base] are the APIC's.
    public boolean isPageMapped() {
        return address.isEnabled() && !address.isX2();
    }

    // ---- The vCPU's thread: registers

    /// Reads the xAPIC page; `offset` 0x000 to 0xFFF.
    public int read(int offset) {
        var register = (offset & 0xF) == 0 ? ApicReg.TABLE.at(offset) : null;
        if (register == null || register == ApicReg.SELF_IPI) {
            if ((offset & 0xF) == 0) {
                error(ApicErrors.REGISTER);
            }
            return 0;
        }
        return register == ApicReg.ID ? address.id() << 24 : get(register);
    }

    /// Writes the xAPIC page; `offset` 0x000 to 0xFFF.
    public void write(int offset, int value) {
        var register = (offset & 0xF) == 0 ? ApicReg.TABLE.at(offset) : null;
        if (register == null || register == ApicReg.SELF_IPI) {
            if ((offset & 0xF) == 0) {
                error(ApicErrors.REGISTER);
            }
            return;
        }
        set(register, value);
    }

    /// Whether an MSR from 0x800 on exists now: only in x2APIC mode.
    public boolean hasMsr(int index) {
        return address.isX2() && ApicMsrs.register(index) != null;
    }

    public boolean canReadMsr(int index) {
        return address.isX2() && ApicMsrs.isReadable(index);
    }

    /// Reads an MSR for which [#canReadMsr] holds; 0 for any other.
    public long readMsr(int index) {
        var register = ApicMsrs.register(index);
        if (register == null) {
            return 0;
        }
        long low = switch (register) {
            case ID -> address.id();
            case LDR -> address.x2LogicalDestination();
            default -> get(register);
        };
        return low & 0xFFFF_FFFFL | (register == ApicReg.ICR ? (long) commandHigh << 32 : 0);
    }

    /// Writes an MSR; `false` is #GP.
    public boolean writeMsr(int index, long value) {
        var register = ApicMsrs.register(index);
        if (!address.isX2() || register == null || !ApicMsrs.isWritable(register, value)) {
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
            case ID -> address.id();
            case VERSION -> (int) register.spec().reset();
            case TPR -> queue.taskPriority();
            case PPR -> queue.processorPriority();
            case LDR -> address.logicalDestination();
            case DFR -> address.destinationFormat();
            case SVR -> address.spurious();
            case ISR0, ISR1, ISR2, ISR3, ISR4, ISR5, ISR6, ISR7 -> queue.serviced32(register.compareTo(ApicReg.ISR0));
            case TMR0, TMR1, TMR2, TMR3, TMR4, TMR5, TMR6, TMR7 -> queue.level32(register.compareTo(ApicReg.TMR0));
            case IRR0, IRR1, IRR2, IRR3, IRR4, IRR5, IRR6, IRR7 -> queue.requested32(register.compareTo(ApicReg.IRR0));
            case ESR -> errors.shown();
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
            case LDR -> address.setLogicalDestination(register.written(address.logicalDestination(), value));
            case DFR -> address.setDestinationFormat(register.written(address.destinationFormat(), value));
            case SVR -> {
                address.setSpurious(register.written(address.spurious(), value));
                if (!address.isSoftwareEnabled()) {
                    lvt.maskAll();
                }
            }
            case ESR -> errors.show();
            case ICR -> {
                command = register.written(command, value);
                send();
            }
            case ICR_HIGH -> commandHigh = register.written(commandHigh, value);
            case LVT_TIMER -> {
                lvt.set(register, value, address.isSoftwareEnabled());
                timer.setMode(lvt.get(register) >> 17 & 3);
            }
            case LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR ->
                lvt.set(register, value, address.isSoftwareEnabled());
            case INITIAL_COUNT -> timer.setInitialCount(value & 0xFFFF_FFFFL, clock.nanos());
            case DIVIDE -> timer.setDivide(register.written(timer.divide(), value), clock.nanos());
            case SELF_IPI -> local.accept(value & 0xFF, false, ApicErrors.SEND_VECTOR);
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
        int received = errors.takePosted();
        if (received != 0) {
            error(received);
        }
        local.look(LVT_LINT0, lint0);
        local.look(LVT_LINT1, lint1);
        if (timer.expire(nowNanos)) {
            local.timerExpired();
        }
    }

    /// Whether [#acknowledge] would give a vector other than the spurious one. As of the last [#poll].
    public boolean hasInterrupt() {
        return queue.hasInterrupt();
    }

    /// Takes the interrupt: the vector to go to. The spurious vector if none is above the processor's priority.
    public int acknowledge() {
        int vector = queue.acknowledge();
        return vector < 0 ? address.spurious() & 0xFF : vector;
    }

    /// Whether the PICs have an interrupt and the way to this vCPU is open: acknowledge it at the PICs.
    public boolean extIntWanted() {
        if (!lint0.level()) {
            extIntMessage = false;
            return false;
        }
        return extIntMessage
                || !address.isEnabled()
                || !lvt.isMasked(LVT_LINT0) && lvt.mode(LVT_LINT0) == DeliveryMode.EXT_INT;
    }

    /// When the timer wants the next [#poll], in nanoseconds of the machine's clock; `Long.MAX_VALUE` if never.
    public long nextDeadline() {
        return lvt.isMasked(LVT_TIMER) ? ApicTimer.NEVER : timer.deadline();
    }

    private void endOfInterrupt() {
        int vector = queue.endOfInterrupt();
        if (vector < 0) {
            return;
        }
        if (queue.isLevel(vector) && (address.spurious() & SUPPRESS_EOI_BROADCAST) == 0) {
            bus.endOfInterrupt(vector);
        }
        local.ended(vector);
    }

    private void send() {
        var mode = DeliveryMode.of(command);
        boolean vectored = mode == DeliveryMode.FIXED || mode == DeliveryMode.LOWEST_PRIORITY;
        if (vectored && (command & 0xFF) < LocalInterrupts.FIRST_LEGAL_VECTOR) {
            error(ApicErrors.SEND_VECTOR);
            return;
        }
        bus.command(this, command, address.isX2() ? commandHigh : ApicBus.widen(commandHigh >>> 24));
    }

    private void error(int bits) {
        local.error(bits);
        attention = true;
    }

    /// For a snapshot; the vCPU stands still.
    public LocalApicState state() {
        return new LocalApicState(
                address.base(),
                address.logicalDestination(),
                address.destinationFormat(),
                address.spurious(),
                errors.shown(),
                errors.gathered(),
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
        address.setBase(saved.base());
        address.setLogicalDestination(saved.logicalDestination());
        address.setDestinationFormat(saved.destinationFormat());
        address.setSpurious(saved.spurious());
        errors.restore(saved.errors(), saved.newErrors());
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
