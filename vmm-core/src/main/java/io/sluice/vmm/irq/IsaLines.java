package io.sluice.vmm.irq;

import io.sluice.vmm.loop.Strand;
import org.jspecify.annotations.Nullable;

/// The wires of the board: 16 ISA interrupts that go to both the PICs and the I/O APIC (IRQ 0 to pin 2 there), and
/// global system interrupts 16 to 23 that go to the I/O APIC alone.
///
/// Each device gets a handle of its own; a wire is asserted while any of its handles is (wired OR). A handle is set
/// inside its device's strand; the wire lives on the strand of the interrupt controllers.
public final class IsaLines {
    public static final int ISA_COUNT = 16;
    public static final int GSI_COUNT = 24;

    private static final int TIMER_IRQ = 0;
    private static final int CASCADE_IRQ = 2;
    private static final int CLOCK_IRQ = 8;
    private static final int TIMER_GSI = 2;

    private final Strand strand;
    private final PinSink pics;
    private final PinSink ioApic;
    private final int[] isaHolders = new int[ISA_COUNT];
    private final int[] gsiHolders = new int[GSI_COUNT];
    private boolean replaced;
    private @Nullable Handle timer;
    private @Nullable Handle clock;

    /// @param strand the strand of the interrupt controllers, where `pics` and `ioApic` are called
    public IsaLines(Strand strand, PinSink pics, PinSink ioApic) {
        this.strand = strand;
        this.pics = pics;
        this.ioApic = ioApic;
    }

    /// A new handle on ISA interrupt `irq`: 0 to 15, but not 2, which is the cascade between the PICs.
    public IrqLine isa(int irq) {
        return newIsa(irq);
    }

    /// A new handle on global system interrupt `gsi`, 16 to 23.
    public IrqLine gsi(int gsi) {
        if (gsi < ISA_COUNT || gsi >= GSI_COUNT) {
            throw new IllegalArgumentException("no such interrupt beyond the ISA's: " + gsi);
        }
        return new Handle(-1, gsi);
    }

    /// A new handle on any pin of the I/O APIC but not on the PICs: what a timer with routing of its own drives.
    public IrqLine ioApicPin(int pin) {
        if (pin < 0 || pin >= GSI_COUNT) {
            throw new IllegalArgumentException("no such I/O APIC pin: " + pin);
        }
        return new Handle(-1, pin);
    }

    /// The interval timer's line, IRQ 0. Silent while [#replaceLegacy] is on.
    public IrqLine intervalTimer() {
        var handle = newIsa(TIMER_IRQ);
        timer = handle;
        return handle;
    }

    /// The real-time clock's line, IRQ 8. Silent while [#replaceLegacy] is on.
    public IrqLine realTimeClock() {
        var handle = newIsa(CLOCK_IRQ);
        clock = handle;
        return handle;
    }

    /// The switch by which the HPET takes IRQ 0 and 8 for itself (IA-PC HPET 1.0a, 2.3.4 LEG_RT_CNF).
    public IrqLine replaceLegacy() {
        return new Posted(strand, this::setReplaced);
    }

    private Handle newIsa(int irq) {
        if (irq < 0 || irq >= ISA_COUNT || irq == CASCADE_IRQ) {
            throw new IllegalArgumentException("no such ISA interrupt: " + irq);
        }
        return new Handle(irq, irq == TIMER_IRQ ? TIMER_GSI : irq);
    }

    private void setReplaced(boolean on) {
        replaced = on;
        if (timer != null) {
            timer.refresh();
        }
        if (clock != null) {
            clock.refresh();
        }
    }

    /// Sets a level inside another strand; the tasks are made once so that setting allocates nothing.
    private static final class Posted implements IrqLine {
        private final Strand strand;
        private final Runnable assertion;
        private final Runnable release;
        private boolean level;

        Posted(Strand strand, Target target) {
            this.strand = strand;
            assertion = () -> target.set(true);
            release = () -> target.set(false);
        }

        @Override
        public void set(boolean asserted) {
            if (asserted != level) {
                level = asserted;
                strand.post(asserted ? assertion : release);
            }
        }
    }

    private interface Target {
        void set(boolean asserted);
    }

    private final class Handle implements IrqLine {
        private final int irq;
        private final int gsi;
        private final Posted posted;
        private boolean asserted;
        private boolean driven;

        Handle(int irq, int gsi) {
            this.irq = irq;
            this.gsi = gsi;
            posted = new Posted(strand, this::setInside);
        }

        @Override
        public void set(boolean level) {
            posted.set(level);
        }

        private void setInside(boolean level) {
            asserted = level;
            refresh();
        }

        void refresh() {
            boolean silent = replaced && (equals(timer) || equals(clock));
            boolean drives = asserted && !silent;
            if (drives != driven) {
                driven = drives;
                if (irq >= 0) {
                    drive(pics, isaHolders, irq, drives);
                }
                drive(ioApic, gsiHolders, gsi, drives);
            }
        }

        private static void drive(PinSink sink, int[] holders, int pin, boolean level) {
            holders[pin] += level ? 1 : -1;
            if (holders[pin] == (level ? 1 : 0)) {
                sink.setPin(pin, level);
            }
        }
    }
}
