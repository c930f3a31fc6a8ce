package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.SetIrqs.ACTION_MASK;
import static io.sluice.vfio.vfio.SetIrqs.ACTION_TRIGGER;
import static io.sluice.vfio.vfio.SetIrqs.ACTION_UNMASK;
import static io.sluice.vfio.vfio.SetIrqs.DATA_BOOL;
import static io.sluice.vfio.vfio.SetIrqs.DATA_EVENTFD;
import static io.sluice.vfio.vfio.SetIrqs.DATA_NONE;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import org.jspecify.annotations.Nullable;

/// The interrupts of one device, and who hears of them. Inside the device's strand.
///
/// INTx is level-triggered and masks itself: a device that asserts it signals once and is then masked until the user
/// unmasks; if the level still holds then, it signals again. So no interrupt is lost and none is repeated unasked.
/// At most one of INTx, MSI and MSI-X is in use at a time.
public final class VfioInterrupts {
    private static final int KINDS = VfioIrq.values().length;

    private final VfioDeviceOps ops;
    private final VfioCounters counters;
    private final @Nullable Eventfd[][] eventfds = new Eventfd[KINDS][];
    private @Nullable VfioIrq active;
    private boolean level;
    private boolean masked;

    VfioInterrupts(VfioDeviceOps ops, VfioCounters counters) {
        this.ops = ops;
        this.counters = counters;
        for (var irq : VfioIrq.values()) {
            eventfds[irq.ordinal()] = new Eventfd[ops.vectors(irq)];
        }
    }

    /// The device sets the level of its INTx pin.
    public void intx(boolean asserted) {
        level = asserted;
        settle();
    }

    /// The device sends a message; nothing happens unless the user listens to that vector.
    public void message(VfioIrq kind, int vector) {
        var all = eventfds[kind.ordinal()];
        if (vector >= 0 && vector < all.length) {
            signal(all[vector]);
        }
    }

    /// Whether the host asked for the device back and the user heard it.
    boolean request() {
        var all = eventfds[VfioIrq.REQ.ordinal()];
        boolean heard = all.length > 0 && all[0] != null;
        message(VfioIrq.REQ, 0);
        return heard;
    }

    private void settle() {
        if (level && !masked && active == VfioIrq.INTX) {
            masked = true;
            signal(eventfds[VfioIrq.INTX.ordinal()][0]);
        }
    }

    /// How many of the vectors somebody listens to.
    public int listeners(VfioIrq kind) {
        int count = 0;
        for (var eventfd : eventfds[kind.ordinal()]) {
            count += eventfd == null ? 0 : 1;
        }
        return count;
    }

    /// Signals, and counts it; null for nobody.
    public void signal(@Nullable Eventfd eventfd) {
        if (eventfd != null) {
            counters.interrupts++;
            eventfd.signal();
        }
    }

    void disableAll() {
        for (var irq : VfioIrq.values()) {
            disable(irq);
        }
    }

    private void disable(VfioIrq irq) {
        java.util.Arrays.fill(eventfds[irq.ordinal()], null);
        if (active == irq) {
            active = null;
            masked = false;
        }
    }

    /// @throws HostException EINVAL for a malformed request or a second mode, ENOTTY for what this device cannot do
    int set(SetIrqs request) {
        validate(request);
        var irq = VfioIrq.values()[request.index()];
        if (ops.vectors(irq) == 0) {
            throw refuse(Errno.ENOTTY, irq + " is not offered");
        }
        switch (request.flags() & SetIrqs.ACTION) {
            case ACTION_MASK, ACTION_UNMASK -> mask(irq, request);
            case ACTION_TRIGGER -> trigger(irq, request);
            default -> throw refuse(Errno.EINVAL, "SET_IRQS takes one action");
        }
        return 0;
    }

    private void validate(SetIrqs request) {
        int data = request.flags() & SetIrqs.DATA;
        if ((request.flags() & ~(SetIrqs.DATA | SetIrqs.ACTION)) != 0
                || request.index() < 0
                || request.index() >= KINDS
                || Integer.bitCount(data) != 1) {
            throw refuse(Errno.EINVAL, "malformed SET_IRQS");
        }
        int vectors = ops.vectors(VfioIrq.values()[request.index()]);
        boolean outside = request.start() < 0
                || request.count() < 0
                || request.start() >= vectors
                || request.count() > vectors - request.start();
        if (vectors > 0 && outside) {
            throw refuse(Errno.EINVAL, "SET_IRQS names vectors that do not exist");
        }
        boolean tooShort = data == DATA_BOOL && request.bools().size() < request.count()
                || data == DATA_EVENTFD && request.eventfds().size() < request.count();
        if (tooShort || data != DATA_NONE && request.count() == 0) {
            throw refuse(Errno.EINVAL, "SET_IRQS has too little data");
        }
    }

    /// INTx alone can be masked. An eventfd to unmask by is not offered: the user unmasks by a call.
    private void mask(VfioIrq irq, SetIrqs request) {
        if (irq != VfioIrq.INTX || (request.flags() & DATA_EVENTFD) != 0) {
            throw refuse(Errno.ENOTTY, irq + " cannot be masked that way");
        }
        if (active != VfioIrq.INTX || request.count() != 1) {
            throw refuse(Errno.EINVAL, "INTX is not in use");
        }
        if ((request.flags() & DATA_BOOL) != 0 && !request.bools().get(0)) {
            return;
        }
        masked = (request.flags() & ACTION_MASK) != 0;
        settle();
    }

    private void trigger(VfioIrq irq, SetIrqs request) {
        if ((request.flags() & DATA_NONE) != 0 && request.count() == 0) {
            disable(irq);
            return;
        }
        if ((request.flags() & DATA_EVENTFD) != 0) {
            assign(irq, request);
            return;
        }
        if (isMode(irq) && active != irq) {
            throw refuse(Errno.EINVAL, irq + " is not in use");
        }
        for (int i = 0; i < request.count(); i++) {
            if ((request.flags() & DATA_NONE) != 0 || request.bools().get(i)) {
                signal(eventfds[irq.ordinal()][request.start() + i]);
            }
        }
    }

    private void assign(VfioIrq irq, SetIrqs request) {
        if (isMode(irq) && active != null && active != irq) {
            throw refuse(Errno.EINVAL, irq + " cannot be used beside " + active);
        }
        for (int i = 0; i < request.count(); i++) {
            eventfds[irq.ordinal()][request.start() + i] = request.eventfds().get(i);
        }
        if (isMode(irq) && active == null) {
            active = irq;
            masked = false;
        }
        if (irq == VfioIrq.INTX) {
            if (eventfds[0][0] == null) {
                disable(irq);
            }
            settle();
        }
    }

    private static boolean isMode(VfioIrq irq) {
        return switch (irq) {
            case INTX, MSI, MSIX -> true;
            case ERR, REQ -> false;
        };
    }

    private static HostException refuse(Errno errno, String why) {
        return new HostException(errno, why);
    }
}
