/// Registers, MSRs and CPUID of one vCPU, and the fault that unwinds one instruction. Owned by the vCPU thread.
/// Also the words in which a debugger speaks of a vCPU: [CpuRegister], [DebugPoint], [DebugStop].
@NullMarked
package io.sluice.vmm.cpu.state;

import org.jspecify.annotations.NullMarked;
