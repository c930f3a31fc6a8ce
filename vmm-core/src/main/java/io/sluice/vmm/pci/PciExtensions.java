package io.sluice.vmm.pci;

import org.jspecify.annotations.Nullable;

/// The extended capabilities of a function that its host deals with; null for what it has not got.
public record PciExtensions(
        @Nullable Acs acs,
        @Nullable Ats ats,
        @Nullable Pri pri,
        @Nullable PasidCapability pasid,
        @Nullable Sriov sriov) {}
