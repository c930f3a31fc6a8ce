@NullMarked
package io.sluice.vfio.host.auxiliary;

import org.jspecify.annotations.NullMarked;
