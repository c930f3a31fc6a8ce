package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.MappedDevice;
import io.sluice.vfio.vfio.RegionCapability;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.PciFunction;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// BARs and ROM of a function as regions: read and written by the device's file, and mapped. On the function's strand.
final class PciRegions {
    private static final int ROM_WIDTH = 4;

    private final PciFunction function;
    private final BarPlan bars;
    private final MessageVectors messages;
    private final @Nullable Rom rom;
    private final @Nullable MappedBar[] mappings = new MappedBar[VfioRegion.ROM];
    private final List<VfioRegion> all;

    PciRegions(PciFunction function, BarPlan bars, MessageVectors messages, @Nullable Rom rom, long configSize) {
        this.function = function;
        this.bars = bars;
        this.messages = messages;
        this.rom = rom;
        var made = new ArrayList<VfioRegion>();
        for (int index = 0; index < VfioRegion.ROM; index++) {
            var bar = bars.at(index);
            made.add(bar == null ? VfioRegion.absent() : region(bar));
        }
        made.add(rom == null ? VfioRegion.absent() : new VfioRegion(rom.size(), VfioRegion.READ));
        made.add(VfioRegion.trapped(configSize));
        made.add(VfioRegion.absent());
        this.all = List.copyOf(made);
    }

    private VfioRegion region(Bar bar) {
        if (bar.kind() == Bar.Kind.IO || bar.size() < GuestRam.PAGE_SIZE) {
            return VfioRegion.trapped(bar.size());
        }
        mappings[bar.index()] = new MappedBar(function.behind(bar));
        List<RegionCapability> capabilities =
                messages.hasTable(bar.index()) ? List.of(new RegionCapability.MsixMappable()) : List.of();
        return new VfioRegion(bar.size(), VfioRegion.READ | VfioRegion.WRITE | VfioRegion.MMAP, capabilities);
    }

    /// By index.
    List<VfioRegion> all() {
        return all;
    }

    @Nullable
    MappedDevice mapped(int region) {
        var bar = bars.at(region);
        var mapping = bar == null ? null : mappings[region];
        return bar == null || mapping == null ? null : new MappedDevice(mapping, bar.deferred());
    }

    /// Opens or shuts all mappings.
    void set(boolean open) {
        for (var mapping : mappings) {
            if (mapping != null) {
                mapping.set(open);
            }
        }
    }

    /// @param decodes whether the function decodes memory now
    long read(int region, long offset, int size, boolean decodes) {
        if (region == VfioRegion.ROM && rom != null) {
            require(decodes);
            long low = rom.read(offset, Math.min(size, ROM_WIDTH)) & 0xFFFF_FFFFL;
            return size > ROM_WIDTH ? low | (long) rom.read(offset + ROM_WIDTH, ROM_WIDTH) << 32 : low;
        }
        var bar = bar(region, decodes);
        return messages.isTable(region, offset) ? -1 : bar.device().read(offset, size);
    }

    void write(int region, long offset, int size, long value, boolean decodes) {
        var bar = bar(region, decodes);
        if (!messages.isTable(region, offset)) {
            bar.device().write(offset, size, value);
        }
    }

    private Bar bar(int region, boolean decodes) {
        var bar = bars.at(region);
        if (bar == null) {
            throw new HostException(Errno.EINVAL, "no region " + region);
        }
        require(decodes || bar.kind() == Bar.Kind.IO);
        return bar;
    }

    private void require(boolean decodes) {
        if (!decodes) {
            throw new HostException(Errno.EIO, function.name() + " does not decode memory");
        }
    }
}
