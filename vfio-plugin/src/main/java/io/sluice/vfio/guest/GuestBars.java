package io.sluice.vfio.guest;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.RegionCapability;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.BarMemory;
import io.sluice.vmm.pci.PciFunctionBuilder;
import java.util.ArrayList;
import java.util.List;

/// The BARs of the guest's function: as large as the device's own answers show, and behind each what the region gives.
/// Memory is the guest's to reach without anybody between; a device of the host is reached straight, with nothing
/// between but a look at the interrupt line; the rest is vfio's reads and writes. Once the device's file is closed, all
/// that is trapped reads as all ones.
final class GuestBars {
    private static final long LARGEST = 1L << 46;
    private static final long LARGEST_NARROW = 1L << 31;
    private static final long LARGEST_IO = 256;

    private final VfioDevice device;
    private final Tenure tenure;
    private final GuestInterrupts interrupts;

    GuestBars(VfioDevice device, GuestInterrupts interrupts) {
        this.device = device;
        this.tenure = new Tenure(device);
        this.interrupts = interrupts;
    }

    void addTo(PciFunctionBuilder builder, DeviceConfig config) {
        for (int bar = 0; bar < VfioRegion.ROM; bar++) {
            var probe = config.probe(bar);
            if (probe.size() == 0 || device.regionInfo(bar).size() == 0) {
                continue;
            }
            long least = probe.io() ? 4 : 16;
            long most = probe.io() ? LARGEST_IO : probe.wide() ? LARGEST : LARGEST_NARROW;
            if (probe.size() >= least && probe.size() <= most) {
                builder.bar(bar(bar, probe));
            }
            if (probe.wide()) {
                bar++;
            }
        }
    }

    private Bar bar(int index, DeviceConfig.Probe probe) {
        var kind = probe.io() ? Bar.Kind.IO : probe.wide() ? Bar.Kind.MEMORY64 : Bar.Kind.MEMORY32;
        var trapped = new Trapped(index);
        var mapped = device.mapped(index);
        if (mapped == null) {
            return new Bar(index, kind, probe.prefetchable(), probe.size(), trapped, false, memory(index, probe));
        }
        var areas = device.mappable(index);
        var straight = new Straight(mapped.device());
        boolean whole = areas.size() == 1
                && areas.getFirst().offset() == 0
                && areas.getFirst().length() >= probe.size();
        var behind = whole ? straight : new Sparse(straight, trapped, areas);
        return new Bar(index, kind, probe.prefetchable(), probe.size(), behind, mapped.deferred());
    }

    /// The parts of a region that the guest reaches as memory. What the device says of them and cannot keep is trapped.
    private List<BarMemory> memory(int bar, DeviceConfig.Probe probe) {
        var pieces = new ArrayList<BarMemory>();
        if (probe.io() || probe.size() < GuestRam.PAGE_SIZE) {
            return pieces;
        }
        long next = 0;
        for (var area : device.mappable(bar)) {
            long last = Math.min(probe.size(), area.offset() + area.length()) & -GuestRam.PAGE_SIZE;
            if (area.offset() < next || area.offset() >= last) {
                continue;
            }
            try {
                var memory = device.mmap(bar, area.offset(), last - area.offset());
                pieces.add(new BarMemory(area.offset(), memory.length(), memory.ram(), memory.offset()));
                next = last;
            } catch (HostException e) {
                // It is trapped, then.
            }
        }
        return pieces;
    }

    /// The guest's access is vfio's, and then a look at the line.
    private final class Trapped implements BusDevice {
        private final int index;

        Trapped(int index) {
            this.index = index;
        }

        @Override
        public long read(long offset, int size) {
            if (tenure.isOver()) {
                return -1;
            }
            long value = device.load(index, offset, size);
            interrupts.accessed();
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (!tenure.isOver()) {
                device.store(index, offset, size, value);
                interrupts.accessed();
            }
        }
    }

    /// The guest's access is the host device's.
    private final class Straight implements BusDevice {
        private final BusDevice host;

        Straight(BusDevice host) {
            this.host = host;
        }

        @Override
        public long read(long offset, int size) {
            if (tenure.isOver()) {
                return -1;
            }
            long value = host.read(offset, size);
            interrupts.accessed();
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (!tenure.isOver()) {
                host.write(offset, size, value);
                interrupts.accessed();
            }
        }

        @Override
        public boolean startsWork(long offset) {
            return host.startsWork(offset);
        }

        @Override
        public void writeBurst(long offset, long[] data) {
            if (!tenure.isOver()) {
                host.writeBurst(offset, data);
                interrupts.accessed();
            }
        }

        @Override
        public boolean deferrableWrite(long offset, long[] data) {
            return !tenure.isOver() && host.deferrableWrite(offset, data);
        }
    }

    /// Straight where the region can be mapped, vfio's elsewhere.
    private record Sparse(BusDevice straight, BusDevice trapped, List<RegionCapability.Area> areas)
            implements BusDevice {
        private BusDevice at(long offset, int size) {
            for (int i = 0; i < areas.size(); i++) {
                var area = areas.get(i);
                if (offset >= area.offset() && offset - area.offset() <= area.length() - size) {
                    return straight;
                }
            }
            return trapped;
        }

        @Override
        public long read(long offset, int size) {
            return at(offset, size).read(offset, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            at(offset, size).write(offset, size, value);
        }

        @Override
        public boolean startsWork(long offset) {
            return at(offset, 1).startsWork(offset);
        }

        @Override
        public void writeBurst(long offset, long[] data) {
            at(offset, 8 * data.length).writeBurst(offset, data);
        }

        @Override
        public boolean deferrableWrite(long offset, long[] data) {
            return at(offset, 8 * data.length).deferrableWrite(offset, data);
        }
    }
}
