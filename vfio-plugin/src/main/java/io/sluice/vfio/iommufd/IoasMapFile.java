package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_IOAS_MAP_FILE: a part of a file of memory; answers where it is mapped.
///
/// @param flags as of [IoasMap]
/// @param fd of the calling process
/// @param start the first byte in the file
public record IoasMapFile(int flags, int ioasId, int fd, long start, long length, long iova) implements Request<Long> {}
