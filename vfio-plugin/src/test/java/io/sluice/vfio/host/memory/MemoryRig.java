package io.sluice.vfio.host.memory;

import io.sluice.vfio.host.Steps;
import java.util.ArrayList;
import java.util.List;

/// A host's memory; what is pinned is written down, to be let go.
final class MemoryRig implements AutoCloseable {
    static final int PAGE = HostPages.PAGE;

    final Steps steps = new Steps();
    final HostFrames frames = new HostFrames();
    final HostPages pages = new HostPages(frames, steps, 64 << 20);
    final AddressSpace memory = new AddressSpace(frames, pages);

    List<HostFrames.Run> pin(PageSource source, int page, int count, boolean write) {
        var runs = new ArrayList<HostFrames.Run>();
        source.pin(
                (long) page * PAGE,
                (long) count * PAGE,
                write,
                (first, length) -> runs.add(new HostFrames.Run(first, length)));
        return runs;
    }

    void unpin(List<HostFrames.Run> runs) {
        runs.forEach(run -> frames.unpin(run.first(), run.length()));
    }

    static void put(AddressSpace memory, long at, int value) {
        memory.write(at, new byte[] {(byte) value}, 0, 1);
    }

    static int get(AddressSpace memory, long at) {
        var one = new byte[1];
        memory.read(at, one, 0, 1);
        return one[0];
    }

    byte at(HostFrames.Run run) {
        return (byte) io.sluice.vmm.memory.HostMemory.getByte(frames.address(run.first()));
    }

    @Override
    public void close() {
        pages.close();
    }
}
