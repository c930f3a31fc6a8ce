/// PCI Express as the guest sees it: config space, BARs, capabilities, MSI and MSI-X, and the host bridge.
@NullMarked
package io.sluice.vmm.pci;

import org.jspecify.annotations.NullMarked;
