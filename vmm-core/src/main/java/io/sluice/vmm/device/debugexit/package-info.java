/// A port by which a test guest ends the machine with a status.
@NullMarked
package io.sluice.vmm.device.debugexit;

import org.jspecify.annotations.NullMarked;
