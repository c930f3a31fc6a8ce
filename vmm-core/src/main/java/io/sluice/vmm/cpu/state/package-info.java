/// Registers, MSRs and CPUID of one vCPU, and the fault that unwinds one instruction. Owned by the vCPU thread.
@NullMarked
package io.sluice.vmm.cpu.state;

import org.jspecify.annotations.NullMarked;
