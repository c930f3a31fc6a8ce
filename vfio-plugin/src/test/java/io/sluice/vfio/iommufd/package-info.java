@NullMarked
package io.sluice.vfio.iommufd;

import org.jspecify.annotations.NullMarked;
