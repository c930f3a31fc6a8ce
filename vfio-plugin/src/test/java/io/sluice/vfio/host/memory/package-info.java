@NullMarked
package io.sluice.vfio.host.memory;

import org.jspecify.annotations.NullMarked;
