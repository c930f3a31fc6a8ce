/// The vfio-pci driver: a function of the host as a vfio device. Its user sees a configuration space that is partly a
/// shadow, BARs that answer while they are decoded, and interrupts by eventfd; the function itself keeps its place, its
/// requester id and the vectors that the host gave it.
///
/// Everything runs on the function's strand, which is the vfio device's too; nothing waits.
@NullMarked
package io.sluice.vfio.vfio.pci;

import org.jspecify.annotations.NullMarked;
