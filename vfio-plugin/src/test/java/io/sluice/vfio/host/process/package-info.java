@NullMarked
package io.sluice.vfio.host.process;

import org.jspecify.annotations.NullMarked;
