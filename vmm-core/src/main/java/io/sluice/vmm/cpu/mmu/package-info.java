/// Page walks and the software TLB. Owned by the vCPU thread; others only request a flush.
@NullMarked
package io.sluice.vmm.cpu.mmu;

import org.jspecify.annotations.NullMarked;
