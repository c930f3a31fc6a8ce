@NullMarked
package io.sluice.vfio.vfio.pci;

import org.jspecify.annotations.NullMarked;
