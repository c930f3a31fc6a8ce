/// PCI Express as the guest sees it: config space, BARs, capabilities, MSI and MSI-X, INTx routing and the host bridge.
///
/// Each function lives in a strand of its own, its config space included: [PciHost] finds the function on the
/// requester's thread and enters that strand, so a config access is non-posted and a function needs no locks. A BAR
/// that moves is in force when the write returns.
@NullMarked
package io.sluice.vmm.pci;

import org.jspecify.annotations.NullMarked;
