package io.sluice.vfio.host.memory;

/// Where the pages of a mapping come from: a part of a file, or of a process' memory. Any thread.
public interface PageSource {
    /// Pins pages, brings in what is not there yet, and tells of the frames from first to last; neighbours are told as
    /// one. Each is then let go by [HostFrames#unpin], whatever has become of the source.
    ///
    /// @param offset bytes from the start of the source; whole pages
    /// @param length bytes; whole pages
    /// @param write whether they will be written, so that a private page is made the process' own
    /// @throws HostException EFAULT if some are not there or may not be written; then none is pinned, and what was told
    ///     is void
    void pin(long offset, long length, boolean write, HostFrames.RunSink frames);
}
