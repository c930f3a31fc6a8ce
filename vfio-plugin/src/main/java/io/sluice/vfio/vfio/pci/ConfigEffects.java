package io.sluice.vfio.vfio.pci;

/// What the user brings about by writing configuration space, beside the write. On the function's strand.
interface ConfigEffects {
    /// Memory decoding is about to go off: what the user has mapped is taken away first.
    void memoryGoesOff();

    /// Decoding or the power state has changed.
    void decodingChanged();

    /// The user's INTx disable bit has changed.
    void intxDisabled(boolean disabled);

    /// Whether SET_IRQS has turned MSI on.
    boolean usesMsi();

    /// A function level reset.
    void resetByConfig();

    /// The function is to go into a power state, 0 to 3 for D0 to D3hot.
    void powerState(int state);
}
