package io.sluice.vfio.host.memory;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.memory.HostMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The anonymous pages of the host, 4 KiB each, counted by those who share them. A page is free when nobody has it and
/// nothing pins it. Free pages hold a pattern, so that a stray write shows ([#damaged]). Any thread.
public final class HostPages implements AutoCloseable {
    public static final int PAGE = GuestRam.PAGE_SIZE;

    private static final long POISON = 0xAAAA_AAAA_AAAA_AAAAL;
    private static final long CHUNK = 4 << 20;

    private final HostFrames frames;
    private final Steps steps;
    private final long most;
    private final List<HostFrames.Run> chunks = new ArrayList<>();
    private final ArrayDeque<Long> free = new ArrayDeque<>();
    /// Nobody has them, but something pinned them when the last one let go.
    private final List<Long> pinned = new ArrayList<>();
    private final Map<Long, Integer> sharers = new HashMap<>();

    /// @param most bytes that there can be
    public HostPages(HostFrames frames, Steps steps, long most) {
        this.frames = frames;
        this.steps = steps;
        this.most = most;
    }

    /// A zeroed page, which one has.
    ///
    /// @throws HostException ENOMEM
    synchronized long allocate() {
        steps.pass("memory.page");
        if (free.isEmpty()) {
            reclaim();
        }
        if (free.isEmpty()) {
            grow();
        }
        long page = free.removeFirst();
        HostMemory.fill(frames.address(page), PAGE, 0);
        sharers.put(page, 1);
        return page;
    }

    private void grow() {
        if ((chunks.size() + 1) * CHUNK > most) {
            throw new HostException(Errno.ENOMEM, "the host's memory is full");
        }
        var chunk = frames.add(GuestRam.allocate(CHUNK));
        chunks.add(chunk);
        for (long at = 0; at < CHUNK; at += PAGE) {
            poison(chunk.first() + at);
            free.addLast(chunk.first() + at);
        }
    }

    private void poison(long page) {
        HostMemory.fill(frames.address(page), PAGE, (int) POISON);
    }

    private void reclaim() {
        for (var page : List.copyOf(pinned)) {
            if (frames.pins(page) == 0) {
                pinned.remove(page);
                poison(page);
                free.addLast(page);
            }
        }
    }

    /// One more has the page.
    synchronized void share(long page) {
        sharers.merge(page, 1, Integer::sum);
    }

    /// One less has the page.
    synchronized void drop(long page) {
        int left = sharers.merge(page, -1, Integer::sum);
        if (left == 0) {
            sharers.remove(page);
            if (frames.pins(page) == 0) {
                poison(page);
                free.addLast(page);
            } else {
                pinned.add(page);
            }
        }
    }

    synchronized boolean isShared(long page) {
        return sharers.getOrDefault(page, 0) > 1;
    }

    /// Pages that somebody has.
    public synchronized int used() {
        return sharers.size();
    }

    /// Free pages that have been written since they were freed.
    public synchronized List<Long> damaged() {
        reclaim();
        return free.stream().filter(this::isDamaged).toList();
    }

    private boolean isDamaged(long page) {
        long at = frames.address(page);
        for (int i = 0; i < PAGE; i += Long.BYTES) {
            if (HostMemory.getLong(at + i) != POISON) {
                return true;
            }
        }
        return false;
    }

    /// Gives the memory back, when no device reaches it any more.
    @Override
    public synchronized void close() {
        for (var chunk : chunks) {
            var memory = frames.memory(chunk.first());
            frames.remove(chunk);
            memory.close();
        }
        chunks.clear();
        free.clear();
    }
}
