/// A port that takes text, one byte a write.
@NullMarked
package io.sluice.vmm.device.debugcon;

import org.jspecify.annotations.NullMarked;
