/// The keyboard controller with a keyboard on it that nobody types on; also one way to reset the machine.
@NullMarked
package io.sluice.vmm.device.i8042;

import org.jspecify.annotations.NullMarked;
