/// The instruction set as a table, its decoder and its disassembler. Holds no state of a vCPU.
@NullMarked
package io.sluice.vmm.cpu.isa;

import org.jspecify.annotations.NullMarked;
