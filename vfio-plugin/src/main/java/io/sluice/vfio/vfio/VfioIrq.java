package io.sluice.vfio.vfio;

/// The interrupts of a PCI device, in the order of their indexes.
public enum VfioIrq {
    INTX(Info.EVENTFD | Info.MASKABLE | Info.AUTOMASKED),
    MSI(Info.EVENTFD | Info.NORESIZE),
    MSIX(Info.EVENTFD | Info.NORESIZE),
    /// An error that the device reports.
    ERR(Info.EVENTFD | Info.NORESIZE),
    /// The host asks for the device back.
    REQ(Info.EVENTFD | Info.NORESIZE);

    final int flags;

    VfioIrq(int flags) {
        this.flags = flags;
    }

    /// What GET_IRQ_INFO answers.
    ///
    /// @param count vectors
    public record Info(int flags, int count) {
        public static final int EVENTFD = 1;
        public static final int MASKABLE = 2;
        public static final int AUTOMASKED = 4;
        public static final int NORESIZE = 8;
    }
}
