@NullMarked
package io.sluice.vfio.host.iommu;

import org.jspecify.annotations.NullMarked;
