package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// VFIO_CHECK_EXTENSION, of a container: answers 1 if it is there.
public record VfioCheckExtension(int extension) implements Request<Integer> {
    public static final int TYPE1 = 1;
    public static final int TYPE1_V2 = 3;
    public static final int DMA_CC = 4;
    public static final int TYPE1_NESTING = 6;
    public static final int NOIOMMU = 8;
    public static final int UNMAP_ALL = 9;
    public static final int UPDATE_VADDR = 10;
}
