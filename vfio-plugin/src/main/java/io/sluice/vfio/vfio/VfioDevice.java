package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One vfio device file. All calls are made inside the device's strand.
public final class VfioDevice {
    /// The bits of the device's flags that exist here.
    public static final int FLAG_RESET = 1;

    public static final int FLAG_PCI = 2;

    public static final int FLAG_CAPS = 128;

    private static final int MAX_ACCESS = 8;
    private static final long IN_PAGE = GuestRam.PAGE_SIZE - 1;

    private final VfioDeviceOps ops;
    private final Strand strand;
    private final List<VfioRegion> regions;
    private final VfioInterrupts interrupts;
    private final VfioCounters counters = new VfioCounters();
    private final @Nullable Migration migration;
    private final @Nullable DmaLog log;
    private final VfioFeatures features;
    private final Ioeventfds ioeventfds;
    private int session;

    /// What GET_INFO answers.
    public record Info(int flags, int regions, int irqs, List<VfioCapability> capabilities) {}

    /// What GET_REGION_INFO answers.
    public record RegionInfo(int index, int flags, long size, long offset, List<RegionCapability> capabilities) {
        public RegionInfo(int index, int flags, long size, long offset) {
            this(index, flags, size, offset, List.of());
        }
    }

    public VfioDevice(VfioDeviceOps ops, Strand strand) {
        this.ops = ops;
        this.strand = strand;
        this.regions = List.copyOf(ops.regions());
        this.interrupts = new VfioInterrupts(ops, strand, counters);
        var moves = ops.migration();
        this.migration = moves == null ? null : new Migration(moves);
        var notes = ops.dmaLog();
        this.log = notes == null ? null : new DmaLog(notes);
        this.features = new VfioFeatures(ops, migration, log);
        this.ioeventfds = new Ioeventfds(this);
    }

    VfioDeviceOps ops() {
        return ops;
    }

    VfioFeatures features() {
        return features;
    }

    Ioeventfds ioeventfds() {
        return ioeventfds;
    }

    /// How far it is in a migration; RUNNING if it cannot be moved.
    public MigrationState migrationState() {
        return migration == null ? MigrationState.RUNNING : migration.state();
    }

    /// @throws HostException ENOTTY if it cannot be moved
    Migration migration() {
        if (migration == null) {
            throw new HostException(Errno.ENOTTY, "the device cannot be moved");
        }
        return migration;
    }

    public Strand strand() {
        return strand;
    }

    /// The device's own side of its interrupts.
    public VfioInterrupts interrupts() {
        return interrupts;
    }

    /// What it has done so far; any thread may look.
    public VfioCounters counters() {
        return counters;
    }

    public Info info() {
        var capabilities = ops.capabilities();
        int flags = FLAG_PCI | (ops.canReset() ? FLAG_RESET : 0) | (capabilities.isEmpty() ? 0 : FLAG_CAPS);
        return new Info(flags, regions.size(), VfioIrq.values().length, capabilities);
    }

    /// @throws HostException EINVAL if there is no such region
    public RegionInfo regionInfo(int index) {
        if (index < 0 || index >= regions.size() || !ops.hasRegion(index)) {
            throw new HostException(Errno.EINVAL, "no region " + index);
        }
        var region = regions.get(index);
        var capabilities = region.capabilities();
        return new RegionInfo(index, region.flags(), region.size(), VfioRegion.fileOffset(index), capabilities);
    }

    /// `mmap`, shared, of a part of a region.
    ///
    /// @throws HostException EINVAL unless `offset` and `length` are whole pages of one piece that can be mapped
    public VfioMemory mmap(int index, long offset, long length) {
        if (index >= 0 && index < regions.size() && length > 0 && ((offset | length) & IN_PAGE) == 0) {
            var ram = ops.memory(index);
            for (var area : regions.get(index).mappable()) {
                if (ram != null && isWithin(offset, length, area, ram)) {
                    return new VfioMemory(ram, offset, length);
                }
            }
        }
        throw new HostException(Errno.EINVAL, "region " + index + " cannot be mapped there");
    }

    private static boolean isWithin(long offset, long length, RegionCapability.Area area, GuestRam ram) {
        return offset >= area.offset()
                && offset - area.offset() <= area.length() - length
                && offset <= ram.size() - length;
    }

    /// What whoever maps a region reaches, if that is a device of the host.
    public @Nullable MappedDevice mapped(int index) {
        return ops.mapped(index);
    }

    /// The pieces of a region that can be mapped.
    public List<RegionCapability.Area> mappable(int index) {
        return regions.get(index).mappable();
    }

    /// QUERY_GFX_PLANE.
    ///
    /// @throws HostException EINVAL for what cannot be asked, ENOTTY of a device that shows no pictures
    public GfxPlane queryGfxPlane(GfxPlane.Query query) {
        return ops.queryGfxPlane(query);
    }

    /// GET_GFX_DMABUF.
    ///
    /// @throws HostException ENOENT if no dma-buf has this id, EINVAL if it cannot be exported, ENOTTY of a device
    ///     that has none
    public DmaBuf getGfxDmaBuf(int id) {
        return ops.getGfxDmaBuf(id);
    }

    /// A device with no interrupts at all says so of each kind.
    ///
    /// @throws HostException EINVAL if the device has no such interrupt
    public VfioIrq.Info irqInfo(int index) {
        if (index >= 0 && index < VfioIrq.values().length && interrupts.none()) {
            return new VfioIrq.Info(0, 0);
        }
        if (index < 0 || index >= VfioIrq.values().length || ops.vectors(VfioIrq.values()[index]) == 0) {
            throw new HostException(Errno.EINVAL, "no interrupt " + index);
        }
        var irq = VfioIrq.values()[index];
        return new VfioIrq.Info(ops.irqFlags(irq), ops.vectors(irq));
    }

    /// How many vectors an interrupt has; 0 if the device has none of this kind.
    public int vectors(VfioIrq irq) {
        return ops.vectors(irq);
    }

    /// @return 0, or how many vectors there could be if there could not be as many as asked; then nothing has changed
    /// @throws HostException with the errno of the rule that the request breaks; then nothing has changed
    public int setIrqs(SetIrqs request) {
        return ops.setIrqs(request, interrupts);
    }

    /// `pread`: splits into naturally aligned accesses, ends at the end of the region.
    ///
    /// @return bytes read
    /// @throws HostException EINVAL if the position is in no region, or the region is absent
    public int read(long position, byte[] target, int offset, int length) {
        int region = VfioRegion.index(position);
        long at = VfioRegion.offset(position);
        int count = clip(region, at, length, VfioRegion.READ);
        for (int done = 0; done < count; ) {
            int size = step(at + done, count - done);
            counters.reads++;
            long value = ops.read(region, at + done, size);
            for (int i = 0; i < size; i++) {
                target[offset + done + i] = (byte) (value >> 8 * i);
            }
            done += size;
        }
        return count;
    }

    /// `pwrite`; as [#read].
    public int write(long position, byte[] source, int offset, int length) {
        int region = VfioRegion.index(position);
        long at = VfioRegion.offset(position);
        int count = clip(region, at, length, VfioRegion.WRITE);
        for (int done = 0; done < count; ) {
            int size = step(at + done, count - done);
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (source[offset + done + i] & 0xFFL) << 8 * i;
            }
            counters.writes++;
            ops.write(region, at + done, size, value);
            done += size;
        }
        return count;
    }

    private int clip(int region, long at, int length, int flag) {
        if (region < 0
                || region >= regions.size()
                || at >= regions.get(region).size()
                || (regions.get(region).flags() & flag) == 0) {
            throw new HostException(Errno.EINVAL, "no such place in region " + region);
        }
        return (int) Math.min(length, regions.get(region).size() - at);
    }

    private static int step(long at, int left) {
        int size = MAX_ACCESS;
        while (size > left || (at & size - 1) != 0) {
            size >>= 1;
        }
        return size;
    }

    /// One access of a vCPU, without a buffer between. What lies outside the region reads as all ones.
    public long load(int region, long offset, int size) {
        if (!holds(region, offset, size)) {
            return -1;
        }
        counters.reads++;
        try {
            if ((offset & size - 1) == 0) {
                return ops.read(region, offset, size);
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (ops.read(region, offset + i, 1) & 0xFF) << 8 * i;
            }
            return value;
        } catch (HostException cannotAnswer) {
            return -1;
        }
    }

    /// One access of a vCPU, without a buffer between. What lies outside the region is dropped.
    public void store(int region, long offset, int size, long value) {
        if (!holds(region, offset, size)) {
            return;
        }
        counters.writes++;
        try {
            if ((offset & size - 1) == 0) {
                ops.write(region, offset, size, value);
                return;
            }
            for (int i = 0; i < size; i++) {
                ops.write(region, offset + i, 1, value >> 8 * i & 0xFF);
            }
        } catch (HostException cannotAnswer) {
            counters.refused++;
        }
    }

    private boolean holds(int region, long offset, int size) {
        return offset >= 0 && offset <= regions.get(region).size() - size;
    }

    /// Back to power-on, whatever it was doing; a migration ends. Who listens to interrupts stays.
    public void reset() {
        interrupts.intx(false);
        ops.reset();
        if (migration != null) {
            migration.reset();
        }
    }

    /// A reset of its slot is over.
    void slotWasReset() {
        interrupts.intx(false);
        ops.resetEnds();
        if (migration != null) {
            migration.reset();
        }
    }

    /// Another number once its user has closed it: who still holds it then has it no longer.
    public int session() {
        return session;
    }

    /// Its first user opens it.
    ///
    /// @throws HostException why it cannot be opened
    void opened() {
        ops.opened(interrupts);
    }

    /// The user's file is closed: nobody listens any more, and the device is as new.
    public void release() {
        session++;
        interrupts.disableAll();
        ioeventfds.clear();
        if (log != null) {
            log.stop();
        }
        ops.closed();
        reset();
        if (migration != null) {
            migration.release();
        }
        ops.released();
    }

    /// The host wants the device back.
    ///
    /// @return whether the user listens for that
    public boolean request() {
        return interrupts.request();
    }
}
