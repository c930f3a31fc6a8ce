/// Runs what the loaders produce on another machine, by hand: not a test, because QEMU is not there everywhere.
@NullMarked
package io.sluice.guest.judge;

import org.jspecify.annotations.NullMarked;
