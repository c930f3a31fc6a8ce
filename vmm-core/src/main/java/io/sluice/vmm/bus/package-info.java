/// Address spaces and the transactions that cross them, with the rules of PCI Express: posted writes, non-posted
/// reads, deferrable writes. Lookups run on any thread; maps change on the VM loop only.
@NullMarked
package io.sluice.vmm.bus;

import org.jspecify.annotations.NullMarked;
