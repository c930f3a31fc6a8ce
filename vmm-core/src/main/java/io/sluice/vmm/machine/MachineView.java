package io.sluice.vmm.machine;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.device.ioapic.IoApicState;
import io.sluice.vmm.device.pic.PicState;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.PciFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What can be seen of a machine from outside. Everything here is a copy of one moment, and looking changes nothing.
/// For the thread that owns the machine: it may wait for a device or a vCPU to come to the end of what it is doing.
public final class MachineView {
    /// What answers a range of an address space.
    ///
    /// @param name QEMU's name of the region where it has one
    /// @param offset where in `name` the range begins
    /// @param pci whether the guest has placed it
    public record Region(long first, long last, Kind kind, String name, long offset, boolean pci) {
        /// RAM, memory that drops writes, or a device.
        public enum Kind {
            RAM,
            ROM,
            IO
        }
    }

    /// One PCI function.
    ///
    /// @param at where the guest finds it
    /// @param type what `-device` calls it
    /// @param config the first 256 bytes of configuration space
    /// @param device what the user has added there; null for what is soldered to the board
    public record PciPart(
            Bdf at,
            String type,
            byte[] config,
            List<Bar> bars,
            @Nullable DeviceInfo device) {
        /// What the user calls it; empty if he does not.
        public String id() {
            return device == null || device.id() == null ? "" : device.id();
        }
    }

    /// The interrupt controllers that are not in a vCPU.
    ///
    /// @param entries the I/O APIC's redirection table
    /// @param lines levels of the I/O APIC's pins
    /// @param ioApicRises how often each pin of the I/O APIC has risen, and so for the PICs
    public record Controllers(
            int id,
            int selected,
            int lines,
            List<Long> entries,
            Pic master,
            Pic slave,
            long[] ioApicRises,
            long[] picRises) {}

    /// One 8259A.
    public record Pic(
            int request,
            int mask,
            int service,
            int lowest,
            int vectorBase,
            boolean readsService,
            int levels,
            boolean nested) {}

    private static final int CONFIG_BYTES = 256;
    private static final int NESTED = 1 << 5;
    private static final int READS_SERVICE = 1 << 7;

    private final MachineConfig config;
    private final Board board;
    private final Function<PciFunction, @Nullable DeviceInfo> devices;

    MachineView(MachineConfig config, Board board, Function<PciFunction, @Nullable DeviceInfo> devices) {
        this.config = config;
        this.board = board;
        this.devices = devices;
    }

    public String name() {
        return config.name();
    }

    public UUID uuid() {
        return config.uuid();
    }

    public long memoryBytes() {
        return config.memoryBytes();
    }

    /// How many vCPUs there are; they are numbered from 0.
    public int cpus() {
        return 1;
    }

    /// The vCPU `index` as it is now: 0 to [#cpus] - 1.
    public CpuView cpu(int index) {
        if (index != 0) {
            throw new IllegalArgumentException("no vCPU " + index);
        }
        return CpuView.of(board.vcpu, board.memory);
    }

    /// Instructions that all vCPUs have run.
    public long instructions() {
        return board.vcpu.instructions();
    }

    /// Whether address line 20 is let through.
    public boolean isA20Open() {
        return board.isA20Open();
    }

    /// Reads RAM by physical address; `false` if any of it is not RAM.
    public boolean readPhysical(long address, byte[] target, int length) {
        return Long.compareUnsigned(address, board.memory.lastAddress()) <= 0
                && board.memory.dmaRead(address, target, 0, length);
    }

    // ---- address spaces

    /// What answers memory accesses, by address.
    public List<Region> memory() {
        return regions(board.memory, RegionNames.MEMORY);
    }

    /// What answers port accesses, by address.
    public List<Region> ports() {
        return regions(board.io, RegionNames.PORTS);
    }

    private List<Region> regions(AddressSpace space, RegionNames names) {
        var all = new ArrayList<Region>();
        for (var mapping : space.mappings()) {
            all.add(
                    switch (mapping) {
                        case Mapping.Ram ram -> region(ram);
                        case Mapping.Device device -> region(device, names);
                        case Mapping.Nothing nothing -> throw new IllegalStateException("a gap among the mappings");
                    });
        }
        return all;
    }

    private Region region(Mapping.Ram ram) {
        var bar = barName(ram);
        var name = ram.writable() ? "pc.ram" : "rom";
        return new Region(
                ram.first(),
                ram.last(),
                ram.writable() ? Region.Kind.RAM : Region.Kind.ROM,
                bar == null ? name : bar,
                ram.offset(),
                bar != null);
    }

    private Region region(Mapping.Device device, RegionNames names) {
        var bar = barName(device);
        return new Region(
                device.first(),
                device.last(),
                Region.Kind.IO,
                bar == null ? names.of(device.first()) : bar,
                device.offset(),
                bar != null);
    }

    private @Nullable String barName(Mapping mapping) {
        for (var function : board.pci.functions()) {
            var bar = function.barBehind(mapping);
            if (bar != null) {
                return function.name() + "-bar" + bar.index();
            }
        }
        return null;
    }

    // ---- PCI

    /// All functions, bus by bus.
    public List<PciPart> pci() {
        var all = new ArrayList<PciPart>();
        for (var function : board.pci.functions()) {
            function.strand().call(() -> {
                var at = function.address();
                if (at != null) {
                    all.add(new PciPart(
                            at, function.name(), header(function), function.bars(), devices.apply(function)));
                }
            });
        }
        return all;
    }

    private static byte[] header(PciFunction function) {
        var bytes = new byte[CONFIG_BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) function.configRead(i, 1);
        }
        return bytes;
    }

    // ---- interrupts

    /// PICs and I/O APIC.
    public Controllers controllers() {
        var seen = new ArrayList<Controllers>(1);
        board.controllers.call(() -> seen.add(look(board.ioApic.state(), board.pics.state())));
        return seen.getFirst();
    }

    private Controllers look(IoApicState ioApic, PicState pics) {
        return new Controllers(
                ioApic.id() >>> 24,
                ioApic.selected(),
                ioApic.lines(),
                ioApic.redirection(),
                pic(pics.master()),
                pic(pics.slave()),
                board.ioApic.rises(),
                board.pics.rises());
    }

    private static Pic pic(PicState.Chip chip) {
        return new Pic(
                chip.request(),
                chip.mask(),
                chip.service(),
                chip.lowest(),
                chip.vectorBase(),
                (chip.flags() & READS_SERVICE) != 0,
                chip.levels(),
                (chip.flags() & NESTED) != 0);
    }
}
