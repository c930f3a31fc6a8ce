/// A guest made wholly from this repository's source: it boots, prints, takes keys, counts timer ticks, and switches
/// itself off. What runs where Debian's packages cannot be had.
@NullMarked
package io.sluice.guest.baremetal;

import org.jspecify.annotations.NullMarked;
