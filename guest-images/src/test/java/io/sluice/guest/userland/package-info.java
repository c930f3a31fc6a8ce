/// Programs for a Linux guest, made from source: [StaticElf] is the file, [Linux] the system calls, [RingProgram] a
/// program. They need no library and no compiler.
@NullMarked
package io.sluice.guest.userland;

import org.jspecify.annotations.NullMarked;
