package io.sluice.vmm.pci;

/// What the place of a function adds to what its device declares: capabilities of a host's hardware, or that it is a
/// virtual function. A device model applies it last, before it builds its function.
@FunctionalInterface
public interface FunctionShape {
    /// The function is what its device says.
    FunctionShape PLAIN = builder -> {};

    void apply(PciFunctionBuilder builder);
}
