package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.NestedDomain;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.iommu.StageOne;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.memory.MemFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A driver of virtual IOMMUs like the kernel's mock one: a page to map, a cache of four entries for each device,
/// events,
/// two queues.
public final class MockViommu implements ViommuDriver {
    public static final int TYPE = 0xFEED;
    public static final int EVENTS = 0xBEEF;
    public static final int QUEUES = 0xCAFE;
    public static final int INVALIDATE = 0xF00D;
    public static final int CACHE_ENTRIES = 4;
    public static final int DEFAULT_VALUE = 0x5555;

    /// What a caller gives.
    public record Data(int in) {}

    /// What the driver tells: the same number, and where to map its page.
    public record Answer(int out, long offset, long length) {}

    /// Clears an entry of a device's cache, or all.
    public record Entry(int flags, long virtId, int cacheId) {
        static final int ALL = 1;
    }

    private final MemFile page;

    @Nullable
    MockPort port;

    public MockViommu(HostFrames frames) {
        page = MemFile.create(frames, 4096);
    }

    @Override
    public Port create(IommuUnit unit, PagingDomain parent, Host host, @Nullable Object data) {
        if (data != null && !(data instanceof Data)) {
            throw new HostException(EINVAL, "data of another kind");
        }
        var answer = data instanceof Data given ? new Answer(given.in, host.offer(page.frames()), 4096) : null;
        var made = new MockPort(unit, parent, host, answer);
        port = made;
        return made;
    }

    static final class MockPort implements Port {
        private final IommuUnit unit;
        private final PagingDomain parent;
        final Host host;
        private final @Nullable Answer answer;
        final Map<Long, int[]> caches = new HashMap<>();
        final List<String> queues = new ArrayList<>();

        MockPort(IommuUnit unit, PagingDomain parent, Host host, @Nullable Answer answer) {
            this.unit = unit;
            this.parent = parent;
            this.host = host;
            this.answer = answer;
        }

        @Override
        public @Nullable Object answer() {
            return answer;
        }

        @Override
        public NestedDomain newNested(int dataType, Object data) {
            if (!(data instanceof StageOne stageOne)) {
                throw new HostException(EOPNOTSUPP, "data of type " + dataType);
            }
            return unit.newNestedDomain(parent, stageOne);
        }

        @Override
        public void plugged(IommuDevice device, long virtId) {
            var cache = new int[CACHE_ENTRIES];
            java.util.Arrays.fill(cache, DEFAULT_VALUE);
            caches.put(virtId, cache);
        }

        @Override
        public void unplugged(IommuDevice device, long virtId) {
            caches.remove(virtId);
        }

        @Override
        public int invalidate(int dataType, List<?> entries) {
            if (dataType != INVALIDATE) {
                throw new HostException(EINVAL, "data of type " + dataType);
            }
            int done = 0;
            for (var entry : entries) {
                invalidate(entry, done++);
            }
            return done;
        }

        private void invalidate(Object any, int done) {
            if (!(any instanceof Entry entry)) {
                throw new HostException(EINVAL, "another kind", done);
            }
            if ((entry.flags & ~Entry.ALL) != 0) {
                throw new HostException(EOPNOTSUPP, "flags", done);
            }
            var cache = caches.get(entry.virtId);
            if (cache == null || entry.cacheId < 0 || entry.cacheId >= CACHE_ENTRIES) {
                throw new HostException(EINVAL, "device or entry", done);
            }
            if (entry.flags != 0) {
                java.util.Arrays.fill(cache, 0);
            } else {
                cache[entry.cacheId] = 0;
            }
        }

        @Override
        public boolean tellsOf(int eventType) {
            return eventType == EVENTS;
        }

        @Override
        public int queues(int queueType) {
            return queueType == QUEUES ? 2 : 0;
        }

        @Override
        public void openQueue(int queueType, int index, HostFrames.Run memory) {
            queues.add("open " + index + " " + memory.length());
        }

        @Override
        public void closeQueue(int queueType, int index) {
            queues.add("close " + index);
        }

        @Override
        public void closed() {
            queues.add("closed");
        }
    }
}
