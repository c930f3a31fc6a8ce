package io.sluice.vmm.pci;

/// An extended capability with a control register, which any thread may ask for. Written on the function's strand.
abstract class ExtendedCapability {
    private final ConfigSpace config;
    private final int base;
    private final int controlAt;
    private volatile int control;

    /// Lays it out at the end of the chain.
    ///
    /// @param length bytes, header included
    /// @param controlAt where its 16 bits of control lie, from its start
    ExtendedCapability(PciFunctionBuilder builder, int id, int length, int controlAt) {
        this.config = builder.config;
        this.controlAt = controlAt;
        this.base = builder.extendedCapability(id, 1, length - 4);
        builder.watch(base + 4, length - 4, this::settle).alsoOnReset(this::settle);
    }

    /// Brings into force what the registers say.
    void settle() {
        control = config.get16(base + controlAt);
    }

    final ConfigSpace config() {
        return config;
    }

    /// Where in configuration space it lies.
    public final int base() {
        return base;
    }

    /// The control register. Any thread.
    public final int control() {
        return control;
    }

    final int at(int register) {
        return base + register;
    }
}
