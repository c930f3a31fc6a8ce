/// The port of an event loop: strands, timers and the clock of the machine. Knows no framework.
/// A strand is the serial place of a device: at most one thread is inside it.
@NullMarked
package io.sluice.vmm.loop;

import org.jspecify.annotations.NullMarked;
