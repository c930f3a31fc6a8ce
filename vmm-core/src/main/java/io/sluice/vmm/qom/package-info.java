/// The object tree: everything that the machine is made of, under a path, with its type and its properties. Of the
/// thread that owns the machine.
@NullMarked
package io.sluice.vmm.qom;

import org.jspecify.annotations.NullMarked;
