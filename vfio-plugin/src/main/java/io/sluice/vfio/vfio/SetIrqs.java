package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The request VFIO_DEVICE_SET_IRQS.
///
/// @param flags one data type and one action
/// @param bools one for each vector, with [#DATA_BOOL]
/// @param eventfds one for each vector, with [#DATA_EVENTFD]; null stands for -1
public record SetIrqs(
        int flags, int index, int start, int count, List<Boolean> bools, List<@Nullable Eventfd> eventfds) {
    public static final int DATA_NONE = 1;
    public static final int DATA_BOOL = 2;
    public static final int DATA_EVENTFD = 4;
    public static final int ACTION_MASK = 8;
    public static final int ACTION_UNMASK = 16;
    public static final int ACTION_TRIGGER = 32;

    static final int DATA = DATA_NONE | DATA_BOOL | DATA_EVENTFD;
    static final int ACTION = ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER;

    /// A request without data.
    public static SetIrqs none(int action, VfioIrq irq, int start, int count) {
        return new SetIrqs(DATA_NONE | action, irq.ordinal(), start, count, List.of(), List.of());
    }

    /// Lets vectors `start` and up signal these.
    public static SetIrqs trigger(VfioIrq irq, int start, @Nullable Eventfd... eventfds) {
        return new SetIrqs(
                DATA_EVENTFD | ACTION_TRIGGER,
                irq.ordinal(),
                start,
                eventfds.length,
                List.of(),
                Arrays.asList(eventfds));
    }

    public static SetIrqs bools(int action, VfioIrq irq, int start, Boolean... bools) {
        return new SetIrqs(DATA_BOOL | action, irq.ordinal(), start, bools.length, List.of(bools), List.of());
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /// Checks what does not depend on the state of a device.
    ///
    /// @return the interrupt that it is about
    /// @throws HostException EINVAL if it is malformed
    public VfioIrq validate(VfioDeviceOps ops) {
        int data = flags & DATA;
        if ((flags & ~(DATA | ACTION)) != 0
                || index < 0
                || index >= VfioIrq.values().length
                || Integer.bitCount(data) != 1) {
            throw new HostException(Errno.EINVAL, "malformed SET_IRQS");
        }
        var irq = VfioIrq.values()[index];
        int vectors = ops.vectors(irq);
        if (start < 0 || count < 0 || start >= vectors || count > vectors - start) {
            throw new HostException(Errno.EINVAL, "SET_IRQS names vectors that do not exist");
        }
        boolean tooShort = data == DATA_BOOL && bools.size() < count || data == DATA_EVENTFD && eventfds.size() < count;
        if (tooShort || data != DATA_NONE && count == 0) {
            throw new HostException(Errno.EINVAL, "SET_IRQS has too little data");
        }
        return irq;
    }
}
