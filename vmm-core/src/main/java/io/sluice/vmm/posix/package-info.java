/// The calls of the C library that Java has no way to: terminals, waiting on descriptors that are not Java's, inherited
/// sockets. Linux on x86-64.
@NullMarked
package io.sluice.vmm.posix;

import org.jspecify.annotations.NullMarked;
