@NullMarked
package io.sluice.vfio.host.aux;

import org.jspecify.annotations.NullMarked;
