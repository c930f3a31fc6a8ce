package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.memory.WriteWatch;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/// Hears of writes to pages that hold decoded code. The vCPU's own take effect at once; those of others (DMA, other
/// vCPUs) are noted, and the vCPU drops the blocks before its next one.
final class ForeignWrites {
    /// Beyond so many notes everything is dropped instead: a bound on memory.
    private static final int MOST = 4096;

    private record Note(long gpaPage, int first, int last) {}

    private final Core core;
    private final AddressSpace memory;
    private final BlockCache cache;
    private final Runnable attend;
    private final MpscUnboundedAtomicArrayQueue<Note> notes = new MpscUnboundedAtomicArrayQueue<>(64);
    private final Map<GuestRam, WriteWatch.Listener> heard = new IdentityHashMap<>();
    private volatile @Nullable Thread owner;
    private volatile boolean overflow;

    ForeignWrites(Core core, AddressSpace memory, BlockCache cache, Runnable attend) {
        this.core = core;
        this.memory = memory;
        this.cache = cache;
        this.attend = attend;
    }

    void own(Thread thread) {
        owner = thread;
    }

    /// Listens to every RAM that is mapped by now, and to no other.
    void listen() {
        Set<GuestRam> mapped = Collections.newSetFromMap(new IdentityHashMap<>());
        for (var mapping : memory.mappings()) {
            if (mapping instanceof Mapping.Ram ram && mapped.add(ram.ram()) && !heard.containsKey(ram.ram())) {
                var source = ram.ram();
                WriteWatch.Listener listener = (page, first, last) -> written(source, page, first, last);
                heard.put(source, listener);
                source.watch().listen(listener);
            }
        }
        heard.entrySet().removeIf(entry -> {
            boolean gone = !mapped.contains(entry.getKey());
            if (gone) {
                entry.getKey().watch().forget(entry.getValue());
            }
            return gone;
        });
    }

    private void written(GuestRam ram, int page, int first, int last) {
        boolean own = Thread.currentThread().equals(owner);
        for (var mapping : memory.mappings()) {
            long offset = (long) page << 12;
            if (mapping instanceof Mapping.Ram m
                    && m.ram() == ram
                    && offset >= m.offset()
                    && offset - m.offset() <= m.last() - m.first()) {
                long gpaPage = m.first() + (offset - m.offset());
                if (own) {
                    core.look |= cache.written(gpaPage, first, last);
                } else {
                    if (notes.size() < MOST) {
                        notes.offer(new Note(gpaPage, first, last));
                    } else {
                        overflow = true;
                    }
                    attend.run();
                }
            }
        }
    }

    void drain() {
        if (overflow) {
            // Cleared first: a writer that sets it again is heard next time.
            overflow = false;
            cache.clear();
        }
        for (var note = notes.poll(); note != null; note = notes.poll()) {
            cache.written(note.gpaPage, note.first, note.last);
        }
    }
}
