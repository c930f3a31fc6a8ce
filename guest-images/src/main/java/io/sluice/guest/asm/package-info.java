/// A small x86 assembler in Java, for guests that are written as Java source: 16, 32 and 64 bits, labels, the integer
/// and
/// system instructions.
@NullMarked
package io.sluice.guest.asm;

import org.jspecify.annotations.NullMarked;
