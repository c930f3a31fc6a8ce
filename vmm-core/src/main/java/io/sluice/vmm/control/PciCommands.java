package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineView.PciPart;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The PCI functions as the guest finds them.
final class PciCommands {
    private final Machine machine;

    PciCommands(Machine machine) {
        this.machine = machine;
    }

    record PciBusInfo(
            @Member("Its number.") long bus,
            @Member("What sits on it.") List<PciDevice> devices) {}

    record PciDevice(
            @Member("Number of its bus.") long bus,
            @Member("Its device number.") long slot,
            @Member("Its function number.") long function,

            @Member(name = "class_info", value = "What kind of device it is.")
            PciClass classInfo,

            @Member("Who made it.") PciIds id,

            @Member("The interrupt line register, if it has a pin.") @Nullable
            Long irq,

            @Member(name = "irq_pin", value = "1 to 4 for INTA to INTD; 0 if it has none.")
            long irqPin,

            @Member(name = "qdev_id", value = "What the user calls it; empty if he does not.")
            String qdevId,

            @Member(name = "pci_bridge", value = "What is behind it, if it is a bridge.") @Nullable
            PciBridge pciBridge,

            @Member("Its BARs.") List<PciRegion> regions) {}

    record PciClass(
            @Member("The kind in words.") @Nullable String desc,

            @Member(name = "class", value = "Base class and subclass.")
            long code) {}

    record PciIds(
            @Member("Device id.") long device,
            @Member("Vendor id.") long vendor,

            @Member("Subsystem id; bridges have none.") @Nullable
            Long subsystem,

            @Member("Subsystem vendor id; bridges have none.") @Nullable
            Long subsystemVendor) {}

    enum PciRegionType implements QapiEnum {
        IO,
        MEMORY
    }

    record PciRegion(
            @Member("Number of the BAR.") long bar,
            @Member("What it answers.") PciRegionType type,

            @Member("Where it begins; -1 if it does not answer.")
            long address,

            @Member("Bytes.") long size,

            @Member("Whether reads have no side effects.") @Nullable
            Boolean prefetch,

            @Member(name = "mem_type_64", value = "Whether it can stand above 4 GiB.") @Nullable
            Boolean memType64) {}

    record PciBridge(
            @Member("The buses below.") PciBridgeBus bus,

            @Member("What sits on the bus behind it.") @Nullable
            List<PciDevice> devices) {}

    record PciBridgeBus(
            @Member("Number of the bus above.") long number,
            @Member("Number of the bus behind it.") long secondary,

            @Member("The highest number of a bus behind it.")
            long subordinate,

            @Member(name = "io_range", value = "Ports that it lets through.")
            PciRange ioRange,

            @Member(name = "memory_range", value = "Memory that it lets through.")
            PciRange memoryRange,

            @Member(name = "prefetchable_range", value = "Prefetchable memory that it lets through.")
            PciRange prefetchableRange) {}

    /// A range whose end lies below its start lets nothing through.
    record PciRange(
            @Member("First address.") long base,
            @Member("Last address.") long limit) {}

    List<Command<?, ?>> commands() {
        return List.of(Command.of(
                "query-pci",
                Nothing.class,
                ListType.of(PciBusInfo.class),
                "The PCI functions, and what is behind each bridge.",
                this::pci));
    }

    private List<PciBusInfo> pci(Nothing none) {
        var parts = machine.view().pci();
        return List.of(new PciBusInfo(0, on(0, parts, 0)));
    }

    private static List<PciDevice> on(int bus, List<PciPart> parts, int bridges) {
        return parts.stream()
                .filter(part -> part.at().bus() == bus)
                .map(part -> function(part, parts, bridges))
                .toList();
    }

    private static PciDevice function(PciPart part, List<PciPart> parts, int bridges) {
        long pin = InfoPci.get(part, 0x3D, 1);
        boolean bridge = InfoPci.isBridge(part);
        return new PciDevice(
                part.at().bus(),
                part.at().device(),
                part.at().function(),
                new PciClass(PciClasses.name(InfoPci.classOf(part)), InfoPci.classOf(part)),
                new PciIds(
                        InfoPci.get(part, 2, 2),
                        InfoPci.get(part, 0, 2),
                        bridge ? null : InfoPci.get(part, 0x2E, 2),
                        bridge ? null : InfoPci.get(part, 0x2C, 2)),
                pin == 0 ? null : InfoPci.get(part, 0x3C, 1),
                pin,
                part.id(),
                bridge ? bridge(part, parts, bridges) : null,
                part.bars().stream().map(bar -> region(part, bar)).toList());
    }

    private static PciRegion region(PciPart part, Bar bar) {
        boolean io = bar.kind() == Bar.Kind.IO;
        return new PciRegion(
                bar.index(),
                io ? PciRegionType.IO : PciRegionType.MEMORY,
                InfoPci.address(part, bar),
                bar.size(),
                io ? null : bar.prefetchable(),
                io ? null : bar.kind() == Bar.Kind.MEMORY64);
    }

    private static PciBridge bridge(PciPart part, List<PciPart> parts, int bridges) {
        int secondary = InfoPci.secondaryBus(part);
        var behind = secondary == 0 || bridges >= InfoPci.DEEPEST ? null : on(secondary, parts, bridges + 1);
        return new PciBridge(
                new PciBridgeBus(
                        InfoPci.get(part, 0x18, 1),
                        secondary,
                        InfoPci.get(part, 0x1A, 1),
                        InfoPci.ports(part),
                        InfoPci.memory(part),
                        InfoPci.prefetchable(part)),
                behind);
    }
}
