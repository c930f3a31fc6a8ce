package io.sluice.vmm.pci;

/// The page request interface (PCI Express Base 6.0 section 10.5.2): the function asks for pages that are not there.
public final class Pri extends ExtendedCapability {
    static final int ID = 0x13;
    private static final int LENGTH = 16;
    public static final int CONTROL = 4;
    public static final int STATUS = 6;
    private static final int CAPACITY = 8;
    public static final int ALLOCATION = 12;
    public static final int ENABLE = 1;
    public static final int RESET = 1 << 1;
    public static final int RESPONSE_FAILURE = 1;
    public static final int UNEXPECTED_GROUP = 1 << 1;
    public static final int STOPPED = 1 << 8;
    private static final int RESPONSE_NEEDS_PASID = 1 << 15;

    private final int capacity;
    private volatile int allocation;

    /// @param capacity requests that may be under way
    Pri(PciFunctionBuilder builder, int capacity) {
        super(builder, ID, LENGTH, CONTROL);
        this.capacity = capacity;
        config().define(at(CONTROL), 2, 0, ENABLE | RESET, 0);
        config().define(at(STATUS), 2, STOPPED | RESPONSE_NEEDS_PASID, 0, RESPONSE_FAILURE | UNEXPECTED_GROUP);
        config().define(at(CAPACITY), 4, capacity, 0, 0);
        config().define(at(ALLOCATION), 4, 0, -1, 0);
    }

    /// Resetting clears what is held against it, and happens only while it is off; the bit reads as 0. It has stopped
    /// once it is off, since it has nothing under way then.
    @Override
    void settle() {
        int now = config().get16(at(CONTROL));
        int status = config().get16(at(STATUS));
        if ((now & (RESET | ENABLE)) == RESET) {
            status &= ~(RESPONSE_FAILURE | UNEXPECTED_GROUP);
        }
        now &= ~RESET;
        config().set(at(CONTROL), 2, now);
        config().set(at(STATUS), 2, (now & ENABLE) != 0 ? status & ~STOPPED : status | STOPPED);
        allocation = config().get32(at(ALLOCATION));
        super.settle();
    }

    public int capacity() {
        return capacity;
    }

    /// Requests that the host lets be under way. Any thread.
    public int allocation() {
        return Integer.compareUnsigned(allocation, capacity) < 0 ? allocation : capacity;
    }

    /// Any thread.
    public boolean enabled() {
        return (control() & ENABLE) != 0;
    }

    /// A group was answered with a failure: the function asks no more until it is turned off and on. On the strand.
    public void responseFailed() {
        config().set(at(STATUS), 2, config().get16(at(STATUS)) | RESPONSE_FAILURE);
    }

    /// A response came to a group that is not under way. On the strand.
    public void unexpectedResponse() {
        config().set(at(STATUS), 2, config().get16(at(STATUS)) | UNEXPECTED_GROUP);
    }
}
