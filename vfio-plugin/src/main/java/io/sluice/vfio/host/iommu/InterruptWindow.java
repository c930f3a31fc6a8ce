package io.sluice.vfio.host.iommu;

/// The addresses where a write without a PASID is an interrupt (VT-d specification, section 3.14). Requests with a
/// PASID
/// are translated there as anywhere.
final class InterruptWindow {
    private static final long FIRST = ReservedRegion.INTERRUPTS.first();
    private static final long LAST = ReservedRegion.INTERRUPTS.last();
    private static final int MESSAGE = 4;

    private InterruptWindow() {}

    /// Whether a write is an interrupt.
    static boolean isMessage(long iova, int length) {
        return length == MESSAGE && iova >= FIRST && iova <= LAST && (iova & MESSAGE - 1) == 0;
    }

    /// How many bytes of a request come before the window; all of them if it does not reach it.
    static int before(long iova, int length) {
        return iova < 0 || iova > LAST || iova + length <= FIRST ? length : (int) Math.max(0, FIRST - iova);
    }
}
