/// The PCI function that a guest sees for one vfio device. Function and device share one strand, so an access of the
/// guest is one call, and nothing here waits.
@NullMarked
package io.sluice.vfio.guest;

import org.jspecify.annotations.NullMarked;
