package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.SetIrqs.ACTION_MASK;
import static io.sluice.vfio.vfio.SetIrqs.ACTION_TRIGGER;
import static io.sluice.vfio.vfio.SetIrqs.ACTION_UNMASK;
import static io.sluice.vfio.vfio.SetIrqs.DATA_BOOL;
import static io.sluice.vfio.vfio.SetIrqs.DATA_EVENTFD;
import static io.sluice.vfio.vfio.SetIrqs.DATA_NONE;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.loop.Strand;
import org.jspecify.annotations.Nullable;

/// The interrupts of one device, and who hears of them. Inside the device's strand.
///
/// INTx is level-triggered and masks itself: a device that asserts it signals once and is then masked until the user
/// unmasks; if the level still holds then, it signals again. So no interrupt is lost and none is repeated unasked.
/// At most one of INTx, MSI and MSI-X is in use at a time.
public final class VfioInterrupts {
    private static final int KINDS = VfioIrq.values().length;

    private final VfioDeviceOps ops;
    private final Strand strand;
    private final VfioCounters counters;
    private final @Nullable Eventfd[][] eventfds = new Eventfd[KINDS][];
    private final Runnable resampled = this::resampled;
    private @Nullable VfioIrq active;
    /// Vectors of the mode in use, which is how many were asked for at first, where it cannot grow.
    private int enabled;
    private @Nullable Eventfd resampler;
    private boolean level;
    private boolean masked;
    private boolean disabled;

    VfioInterrupts(VfioDeviceOps ops, Strand strand, VfioCounters counters) {
        this.ops = ops;
        this.strand = strand;
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

    /// The user has set or cleared "interrupt disable" in the command register, which is a reason of its own to be
    /// masked.
    public void intxDisabled(boolean off) {
        disabled = off;
        settle();
    }

    /// Whether the device has no interrupts of any kind.
    boolean none() {
        for (var all : eventfds) {
            if (all.length != 0) {
                return false;
            }
        }
        return true;
    }

    /// Which of INTx, MSI and MSI-X is in use; null if none is.
    public @Nullable VfioIrq active() {
        return active;
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
        if (level && !masked && !disabled && active == VfioIrq.INTX) {
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

    /// Nobody listens to an interrupt of this kind any more.
    public void disable(VfioIrq irq) {
        java.util.Arrays.fill(eventfds[irq.ordinal()], null);
        if (irq == VfioIrq.INTX) {
            resampleBy(null);
        }
        if (active == irq) {
            active = null;
            masked = false;
            enabled = 0;
        }
    }

    /// Does what was asked.
    ///
    /// @return 0
    /// @throws HostException EINVAL for a malformed request or a second mode, ENOTTY for what such an interrupt has not
    public int set(SetIrqs request) {
        var irq = request.validate(ops);
        switch (request.flags() & SetIrqs.ACTION) {
            case ACTION_MASK, ACTION_UNMASK -> mask(irq, request);
            case ACTION_TRIGGER -> {
                if (irq == VfioIrq.INTX && request.count() == 0 && !request.has(DATA_NONE)) {
                    throw refuse(Errno.EINVAL, "INTX is one vector");
                }
                trigger(irq, request);
            }
            default -> throw refuse(Errno.EINVAL, "SET_IRQS takes one action");
        }
        return 0;
    }

    /// INTx alone can be masked.
    private void mask(VfioIrq irq, SetIrqs request) {
        boolean unmask = (request.flags() & ACTION_UNMASK) != 0;
        if (irq != VfioIrq.INTX) {
            throw refuse(Errno.ENOTTY, irq + " cannot be masked");
        }
        if (active != VfioIrq.INTX || request.count() != 1) {
            throw refuse(Errno.EINVAL, "INTX is not in use");
        }
        if (request.has(DATA_EVENTFD)) {
            if (!unmask) {
                throw refuse(Errno.ENOTTY, "INTX is not masked by an eventfd");
            }
            resampleBy(request.eventfds().getFirst());
            return;
        }
        if (request.has(DATA_BOOL) && !request.bools().getFirst()) {
            return;
        }
        masked = !unmask;
        settle();
    }

    /// Unmasks INTx whenever the eventfd is signalled.
    private void resampleBy(@Nullable Eventfd eventfd) {
        if (eventfd != null) {
            eventfd.listen(resampled);
        }
        if (resampler != null) {
            resampler.ignore(resampled);
        }
        resampler = eventfd;
    }

    /// On the thread of whoever signals.
    private void resampled() {
        strand.defer(() -> {
            if (resampler != null) {
                masked = false;
                settle();
            }
        });
    }

    private void trigger(VfioIrq irq, SetIrqs request) {
        if (request.has(DATA_NONE) && request.count() == 0) {
            disable(irq);
            return;
        }
        if (request.has(DATA_EVENTFD)) {
            assign(irq, request);
            return;
        }
        if (isMode(irq) && active != irq) {
            throw refuse(Errno.EINVAL, irq + " is not in use");
        }
        for (int i = 0; i < request.count(); i++) {
            if (request.has(DATA_NONE) || request.bools().get(i)) {
                signal(eventfds[irq.ordinal()][request.start() + i]);
            }
        }
    }

    private void assign(VfioIrq irq, SetIrqs request) {
        int end = request.start() + request.count();
        if (isMode(irq) && active != null && active != irq) {
            throw refuse(Errno.EINVAL, irq + " cannot be used beside " + active);
        }
        boolean fixed = (ops.irqFlags(irq) & VfioIrq.Info.NORESIZE) != 0;
        if (isMode(irq) && active == irq && fixed && end > enabled) {
            throw refuse(Errno.EINVAL, irq + " is in use with " + enabled + " vectors");
        }
        for (int i = 0; i < request.count(); i++) {
            eventfds[irq.ordinal()][request.start() + i] = request.eventfds().get(i);
        }
        if (isMode(irq) && active == null) {
            active = irq;
            masked = false;
            enabled = end;
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
