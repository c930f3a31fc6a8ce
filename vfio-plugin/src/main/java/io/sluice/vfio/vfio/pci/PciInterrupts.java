package io.sluice.vfio.vfio.pci;

import static io.sluice.vfio.vfio.SetIrqs.ACTION_MASK;
import static io.sluice.vfio.vfio.SetIrqs.ACTION_TRIGGER;
import static io.sluice.vfio.vfio.SetIrqs.ACTION_UNMASK;
import static io.sluice.vfio.vfio.SetIrqs.DATA_EVENTFD;
import static io.sluice.vfio.vfio.SetIrqs.DATA_NONE;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioIrq;

/// SET_IRQS for INTx, MSI and MSI-X of a function: at most one of the three is on. A refused request has changed
/// nothing. On the function's strand.
final class PciInterrupts {
    private static final int ACTION = ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER;

    private final IntxPin pin;
    private final MessageVectors messages;

    PciInterrupts(IntxPin pin, MessageVectors messages) {
        this.pin = pin;
        this.messages = messages;
    }

    /// @param irq INTX, MSI or MSIX
    /// @param request is well formed
    /// @return 0, or how many vectors the host has if it has not enough
    int set(VfioIrq irq, SetIrqs request) {
        return switch (request.flags() & ACTION) {
            case ACTION_TRIGGER -> irq == VfioIrq.INTX ? triggerPin(request) : trigger(irq, request);
            case ACTION_MASK, ACTION_UNMASK -> mask(irq, request);
            default -> throw refuse(Errno.ENOTTY, irq + " knows no such action");
        };
    }

    private int mask(VfioIrq irq, SetIrqs request) {
        boolean masks = (request.flags() & ACTION_MASK) != 0;
        boolean byEventfd = (request.flags() & DATA_EVENTFD) != 0;
        if (irq != VfioIrq.INTX || masks && byEventfd) {
            throw refuse(Errno.ENOTTY, irq + " cannot be masked that way");
        }
        if (!pin.isOn() || request.count() != 1) {
            throw refuse(Errno.EINVAL, "INTX is not in use");
        }
        if (byEventfd) {
            pin.unmaskBy(request.eventfds().get(0));
        } else if ((request.flags() & DATA_NONE) != 0 || request.bools().get(0)) {
            if (masks) {
                pin.mask();
            } else {
                pin.unmask();
            }
        }
        return 0;
    }

    private boolean isOff(VfioIrq irq) {
        return irq == VfioIrq.INTX ? !pin.isOn() : messages.kind() != irq;
    }

    private boolean isOtherOn(VfioIrq irq) {
        return irq != VfioIrq.INTX && pin.isOn() || messages.kind() != null && messages.kind() != irq;
    }

    private int triggerPin(SetIrqs request) {
        if ((request.flags() & DATA_NONE) != 0 && request.count() == 0) {
            pin.off();
            return 0;
        }
        if (isOtherOn(VfioIrq.INTX)) {
            throw refuse(Errno.EINVAL, "INTX cannot be used beside " + messages.kind());
        }
        if ((request.flags() & DATA_EVENTFD) != 0) {
            pin.trigger(request.eventfds().get(0));
            return 0;
        }
        requireOn(VfioIrq.INTX);
        if ((request.flags() & DATA_NONE) != 0 || request.bools().get(0)) {
            pin.signal();
        }
        return 0;
    }

    private int trigger(VfioIrq irq, SetIrqs request) {
        if ((request.flags() & DATA_NONE) != 0 && request.count() == 0) {
            if (!isOff(irq)) {
                messages.off();
            }
            return 0;
        }
        if (isOtherOn(irq)) {
            throw refuse(Errno.EINVAL, irq + " cannot be used beside another");
        }
        if ((request.flags() & DATA_EVENTFD) != 0) {
            return messages.assign(irq, request.start(), request.eventfds().subList(0, request.count()));
        }
        requireOn(irq);
        for (int i = 0; i < request.count(); i++) {
            if ((request.flags() & DATA_NONE) != 0 || request.bools().get(i)) {
                messages.signal(request.start() + i);
            }
        }
        return 0;
    }

    private void requireOn(VfioIrq irq) {
        if (isOff(irq)) {
            throw refuse(Errno.EINVAL, irq + " is not in use");
        }
    }

    void allOff() {
        messages.off();
        pin.off();
    }

    private static HostException refuse(Errno errno, String why) {
        return new HostException(errno, why);
    }
}
