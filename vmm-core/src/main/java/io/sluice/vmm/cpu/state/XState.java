package io.sluice.vmm.cpu.state;

/// Components of the extended state that XSAVE and its kin know, and the sizes of their areas (SDM volume 1, chapter
/// 13).
public final class XState {
    /// Components of XCR0: x87 and SSE.
    public static final long USER = 3;
    /// Components of IA32_XSS: PASID state.
    public static final long SUPERVISOR = 1 << 10;

    public static final int PASID_COMPONENT = 10;
    public static final int PASID_SIZE = 8;
    /// Legacy region and header.
    public static final int BASE_SIZE = 512 + 64;

    private XState() {}

    public static int standardSize() {
        return BASE_SIZE;
    }

    /// Size of a compacted area that holds `components`.
    public static int compactedSize(long components) {
        return BASE_SIZE + ((components & SUPERVISOR) != 0 ? PASID_SIZE : 0);
    }
}
