package io.sluice.vmm.irq;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Carries interrupt messages to the local APICs and ends of interrupts back to the I/O APIC. Any thread, no lock;
/// APICs and listeners are attached while the machine is built.
public final class ApicBus implements MsiTarget {
    /// The destination that means every APIC. Messages with an 8-bit destination say 0xFF instead.
    public static final int BROADCAST = -1;

    private static final int MSI_WINDOW = 0xFEE;
    private static final int LEVEL_TRIGGER = 1 << 15;
    private static final int ASSERT = 1 << 14;
    private static final int LOGICAL = 1 << 11;

    private final AtomicInteger turn = new AtomicInteger();
    private final LongAdder dropped = new LongAdder();
    private volatile LocalApic[] apics = {};
    private volatile EoiListener[] listeners = {};

    synchronized void attach(LocalApic apic) {
        var more = Arrays.copyOf(apics, apics.length + 1);
        more[apics.length] = apic;
        apics = more;
    }

    /// Adds an I/O APIC.
    public synchronized void onEndOfInterrupt(EoiListener listener) {
        var more = Arrays.copyOf(listeners, listeners.length + 1);
        more[listeners.length] = listener;
        listeners = more;
    }

    /// Messages that were written to no interrupt address, had a reserved delivery mode, or reached no APIC.
    public long dropped() {
        return dropped.sum();
    }

    /// A message-signalled interrupt in compatibility format (SDM 3A 10.11). Bits 63..40 of the address extend the
    /// destination to 32 bits, as DMA remapping hardware writes it.
    @Override
    public void write(long address, int data) {
        long upper = address >>> 32;
        if ((address >>> 20 & 0xFFF) != MSI_WINDOW || (upper & 0xFF) != 0) {
            dropped.increment();
            return;
        }
        int destination = (int) (address >>> 12 & 0xFF | upper);
        boolean logical = (address & 4) != 0;
        boolean level = (data & LEVEL_TRIGGER) != 0;
        if (level && (data & ASSERT) == 0) {
            return;
        }
        boolean redirect = (address & 8) != 0;
        var mode = DeliveryMode.of(data);
        if (redirect && mode == DeliveryMode.FIXED) {
            mode = DeliveryMode.LOWEST_PRIORITY;
        }
        deliver(widen(destination), logical, mode, data & 0xFF, level);
    }

    /// An 8-bit destination as a 32-bit one: 0xFF is everybody.
    public static int widen(int destination) {
        return destination == 0xFF ? BROADCAST : destination;
    }

    /// A message from an I/O APIC or a device.
    ///
    /// @param destination APIC id or logical destination, or [#BROADCAST]
    public void deliver(int destination, boolean logical, DeliveryMode mode, int vector, boolean level) {
        deliver(destination, logical, mode, vector, level, null);
    }

    void deliver(
            int destination,
            boolean logical,
            DeliveryMode mode,
            int vector,
            boolean level,
            @Nullable LocalApic excluded) {
        boolean reached = switch (mode) {
            case FIXED, SMI, NMI, INIT, STARTUP, EXT_INT -> toAll(destination, logical, mode, vector, level, excluded);
            case LOWEST_PRIORITY -> toOne(destination, logical, vector, level, excluded);
            case RESERVED -> false;
        };
        if (!reached) {
            dropped.increment();
        }
    }

    private boolean toAll(
            int destination,
            boolean logical,
            DeliveryMode mode,
            int vector,
            boolean level,
            @Nullable LocalApic excluded) {
        boolean reached = false;
        for (var apic : apics) {
            if (apic != excluded && apic.isAddressedBy(destination, logical)) {
                apic.post(mode, vector, level);
                reached = true;
            }
        }
        return reached;
    }

    /// Lowest priority: the least busy of those addressed; among equals the turn goes round.
    private boolean toOne(int destination, boolean logical, int vector, boolean level, @Nullable LocalApic excluded) {
        var all = apics;
        LocalApic best = null;
        int start = all.length == 0 ? 0 : Math.floorMod(turn.getAndIncrement(), all.length);
        for (int i = 0; i < all.length; i++) {
            var apic = all[(start + i) % all.length];
            if (apic != excluded
                    && apic.accepts()
                    && apic.isAddressedBy(destination, logical)
                    && (best == null || apic.publishedPriority() < best.publishedPriority())) {
                best = apic;
            }
        }
        if (best != null) {
            best.post(DeliveryMode.FIXED, vector, level);
        }
        return best != null;
    }

    /// Sends what an APIC's ICR says. The shorthand is in bits 19..18; a level-triggered INIT that is not asserted is
    /// the
    /// old arbitration message, which nothing needs any more.
    void command(LocalApic source, int command, int destination) {
        var mode = DeliveryMode.of(command);
        boolean assertion = (command & ASSERT) != 0;
        if (mode == DeliveryMode.INIT && !assertion && (command & LEVEL_TRIGGER) != 0) {
            return;
        }
        int vector = command & 0xFF;
        switch (command >> 18 & 3) {
            case 0 -> deliver(destination, (command & LOGICAL) != 0, mode, vector, false);
            case 1 -> source.post(mode, vector, false);
            case 2 -> deliver(BROADCAST, false, mode, vector, false);
            default -> deliver(BROADCAST, false, mode, vector, false, source);
        }
    }

    /// A vCPU ended a level-triggered interrupt.
    void endOfInterrupt(int vector) {
        for (var listener : listeners) {
            listener.endOfInterrupt(vector);
        }
    }
}
