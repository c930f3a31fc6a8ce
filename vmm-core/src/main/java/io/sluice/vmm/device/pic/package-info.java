/// The two 8259A interrupt controllers of the PC. Lives on the strand of the interrupt controllers.
@NullMarked
package io.sluice.vmm.device.pic;

import org.jspecify.annotations.NullMarked;
