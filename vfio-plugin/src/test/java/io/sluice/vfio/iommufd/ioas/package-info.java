@NullMarked
package io.sluice.vfio.iommufd.ioas;

import org.jspecify.annotations.NullMarked;
