/// Translates hot guest code to JVM bytecode, a region at a time; what it does not know it leaves to the interpreter's
/// micro-ops, called from the translated code.
@NullMarked
package io.sluice.vmm.cpu.jit;

import org.jspecify.annotations.NullMarked;
