package io.sluice.vmm.device.ioapic;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ioapic.IoApicReg.Indirect;
import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.DeliveryMode;
import io.sluice.vmm.irq.EoiListener;
import io.sluice.vmm.irq.PinSink;
import io.sluice.vmm.loop.Strand;
import java.util.Arrays;

/// An I/O APIC with 24 pins (82093AA), version 0x20. A pin's level is the wire's meaning, asserted or not: the polarity
/// bit is kept and has no effect, as the board asserts each wire in the polarity that its entry should have.
public final class IoApic implements BusDevice, PinSink, EoiListener {
    public static final int PINS = 24;
    /// Bytes of the memory range.
    public static final int LENGTH = 0x1000;

    private static final int LOGICAL = 1 << 11;
    private static final int REMOTE_IRR = 1 << 14;
    private static final int LEVEL = 1 << 15;
    private static final int MASKED = 1 << 16;
    private static final int FIRST_ENTRY = Indirect.REDIRECTION.spec().offset();

    private final Strand strand;
    private final ApicBus bus;
    private final long[] entries = new long[PINS];
    /// How often each pin has risen. Not state: a reset and a snapshot do not know it.
    private final long[] rises = new long[PINS];
    private int selected;
    private int id;
    private int lines;

    /// @param strand the strand of the interrupt controllers
    public IoApic(Strand strand, ApicBus bus) {
        this.strand = strand;
        this.bus = bus;
        reset();
        bus.onEndOfInterrupt(this);
    }

    public void reset() {
        Arrays.fill(entries, Indirect.REDIRECTION.spec().reset());
        selected = 0;
        id = 0;
    }

    @Override
    public long read(long offset, int size) {
        var register = IoApicReg.TABLE.at(offset);
        if (register == null) {
            return 0;
        }
        int value = switch (register) {
            case IOREGSEL -> selected;
            case IOWIN -> readIndirect(selected);
            case EOI -> 0;
        };
        return (value & 0xFFFF_FFFFL) >>> 8 * (offset & 3);
    }

    /// Only accesses that start at a register count, and of them the low 32 bits; IOREGSEL and EOI take a byte as well.
    @Override
    public void write(long offset, int size, long value) {
        var register = IoApicReg.TABLE.at(offset);
        if (register == null || (offset & 3) != 0 || size < 4 && register == IoApicReg.IOWIN) {
            return;
        }
        int written = register.written(0, (int) value);
        switch (register) {
            case IOREGSEL -> selected = written;
            case IOWIN -> writeIndirect(selected, written);
            case EOI -> end(written);
        }
    }

    private int readIndirect(int index) {
        int pin = index - FIRST_ENTRY >> 1;
        if (index >= FIRST_ENTRY && pin < PINS) {
            return (int) (entries[pin] >>> 32 * (index & 1));
        }
        return switch (index) {
            case 0, 2 -> id;
            case 1 -> (int) Indirect.VERSION.spec().reset();
            default -> 0;
        };
    }

    private void writeIndirect(int index, int value) {
        int pin = index - FIRST_ENTRY >> 1;
        if (index >= FIRST_ENTRY && pin < PINS) {
            writeEntry(pin, (index & 1) != 0, value);
        } else if (index == Indirect.ID.spec().offset()) {
            id = Indirect.ID.written(id, value);
        }
    }

    private void writeEntry(int pin, boolean high, int value) {
        long old = entries[pin];
        long full =
                high ? old & 0xFFFF_FFFFL | (long) value << 32 : old & 0xFFFF_FFFF_0000_0000L | value & 0xFFFF_FFFFL;
        long entry = Indirect.REDIRECTION.written(old, full);
        // An edge-triggered entry has no remote IRR; software clears a stuck one by switching to edge and back.
        entries[pin] = (entry & LEVEL) == 0 ? entry & ~REMOTE_IRR : entry;
        serveLevel(pin);
    }

    /// An edge while the pin is masked is lost (82093AA 3.2.4, bit 16).
    @Override
    public void setPin(int pin, boolean level) {
        int bit = 1 << pin;
        boolean rose = level && (lines & bit) == 0;
        lines = level ? lines | bit : lines & ~bit;
        if (rose) {
            rises[pin]++;
        }
        long entry = entries[pin];
        if ((entry & LEVEL) != 0) {
            serveLevel(pin);
        } else if (rose && (entry & MASKED) == 0) {
            send(entry, false);
        }
    }

    private void serveLevel(int pin) {
        long entry = entries[pin];
        if ((lines >> pin & 1) == 0 || (entry & (LEVEL | MASKED | REMOTE_IRR)) != LEVEL) {
            return;
        }
        var mode = DeliveryMode.of((int) entry);
        boolean remembered = mode == DeliveryMode.FIXED || mode == DeliveryMode.LOWEST_PRIORITY;
        if (remembered) {
            entries[pin] = entry | REMOTE_IRR;
        }
        send(entry, remembered);
    }

    private void send(long entry, boolean level) {
        int destination = ApicBus.widen((int) (entry >>> 56));
        var mode = DeliveryMode.of((int) entry);
        // A startup message cannot come from a pin; the code is reserved here.
        if (mode != DeliveryMode.STARTUP) {
            bus.deliver(destination, (entry & LOGICAL) != 0, mode, (int) entry & 0xFF, level);
        }
    }

    /// From a vCPU's thread; an idle strand takes it at once.
    @Override
    public void endOfInterrupt(int vector) {
        if (strand.tryEnter()) {
            try {
                end(vector);
            } finally {
                strand.exit();
            }
        } else {
            strand.defer(() -> end(vector));
        }
    }

    private void end(int vector) {
        for (int pin = 0; pin < PINS; pin++) {
            long entry = entries[pin];
            if ((entry & (LEVEL | REMOTE_IRR)) == (LEVEL | REMOTE_IRR) && (entry & 0xFF) == vector) {
                entries[pin] = entry & ~REMOTE_IRR;
                serveLevel(pin);
            }
        }
    }

    /// How often each pin has risen since the machine was built.
    public long[] rises() {
        return rises.clone();
    }

    public IoApicState state() {
        return new IoApicState(
                selected, id, lines, Arrays.stream(entries).boxed().toList());
    }

    /// After all devices that drive a pin have been restored.
    public void restore(IoApicState saved) {
        selected = saved.selected();
        id = saved.id();
        lines = saved.lines();
        for (int pin = 0; pin < PINS; pin++) {
            entries[pin] = saved.redirection().get(pin);
        }
    }
}
