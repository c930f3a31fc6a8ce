/// The guests that `sluice boot NAME` knows: Debian's stock kernel with a busybox shell, and a bare-metal guest made
/// from
/// source. Each says what its console shows once it is up.
@NullMarked
package io.sluice.guest;

import org.jspecify.annotations.NullMarked;
