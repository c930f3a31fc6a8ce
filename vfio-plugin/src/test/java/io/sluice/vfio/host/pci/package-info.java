@NullMarked
package io.sluice.vfio.host.pci;

import org.jspecify.annotations.NullMarked;
