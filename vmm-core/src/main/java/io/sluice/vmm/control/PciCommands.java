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

    record Bus(
            @Member("Its number.") long bus,
            @Member("What sits on it.") List<Function> devices) {}

    record Function(
            @Member("Number of its bus.") long bus,
            @Member("Its device number.") long slot,
            @Member("Its function number.") long function,

            @Member(name = "class_info", value = "What kind of device it is.")
            ClassCode classInfo,

            @Member("Who made it.") Ids id,

            @Member("The interrupt line register, if it has a pin.") @Nullable
            Long irq,

            @Member(name = "irq_pin", value = "1 to 4 for INTA to INTD; 0 if it has none.")
            long irqPin,

            @Member(name = "qdev_id", value = "What the user calls it; empty if he does not.")
            String qdevId,

            @Member(name = "pci_bridge", value = "What is behind it, if it is a bridge.") @Nullable
            Bridge pciBridge,

            @Member("Its BARs.") List<Region> regions) {}

    record ClassCode(
            @Member("The kind in words.") @Nullable String desc,

            @Member(name = "class", value = "Base class and subclass.")
            long code) {}

    record Ids(
            @Member("Device id.") long device,
            @Member("Vendor id.") long vendor,

            @Member("Subsystem id; bridges have none.") @Nullable
            Long subsystem,

            @Member("Subsystem vendor id; bridges have none.") @Nullable
            Long subsystemVendor) {}

    enum RegionType implements QapiEnum {
        IO,
        MEMORY
    }

    record Region(
            @Member("Number of the BAR.") long bar,
            @Member("What it answers.") RegionType type,

            @Member("Where it begins; -1 if it does not answer.")
            long address,

            @Member("Bytes.") long size,

            @Member("Whether reads have no side effects.") @Nullable
            Boolean prefetch,

            @Member(name = "mem_type_64", value = "Whether it can stand above 4 GiB.") @Nullable
            Boolean memType64) {}

    record Bridge(
            @Member("The buses below.") BridgeBus bus,

            @Member("What sits on the bus behind it.") @Nullable
            List<Function> devices) {}

    record BridgeBus(
            @Member("Number of the bus above.") long number,
            @Member("Number of the bus behind it.") long secondary,

            @Member("The highest number of a bus behind it.")
            long subordinate,

            @Member(name = "io_range", value = "Ports that it lets through.")
            Range ioRange,

            @Member(name = "memory_range", value = "Memory that it lets through.")
            Range memoryRange,

            @Member(name = "prefetchable_range", value = "Prefetchable memory that it lets through.")
            Range prefetchableRange) {}

    /// A range whose end lies below its start lets nothing through.
    record Range(
            @Member("First address.") long base,
            @Member("Last address.") long limit) {}

    List<Command<?, ?>> commands() {
        return List.of(Command.of(
                "query-pci",
                Nothing.class,
                ListType.of(Bus.class),
                "The PCI functions, and what is behind each bridge.",
                this::pci));
    }

    private List<Bus> pci(Nothing none) {
        var parts = machine.view().pci();
        return List.of(new Bus(0, on(0, parts, 0)));
    }

    private static List<Function> on(int bus, List<PciPart> parts, int bridges) {
        return parts.stream()
                .filter(part -> part.at().bus() == bus)
                .map(part -> function(part, parts, bridges))
                .toList();
    }

    private static Function function(PciPart part, List<PciPart> parts, int bridges) {
        long pin = InfoPci.get(part, 0x3D, 1);
        boolean bridge = InfoPci.isBridge(part);
        return new Function(
                part.at().bus(),
                part.at().device(),
                part.at().function(),
                new ClassCode(PciClasses.name(InfoPci.classOf(part)), InfoPci.classOf(part)),
                new Ids(
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

    private static Region region(PciPart part, Bar bar) {
        boolean io = bar.kind() == Bar.Kind.IO;
        return new Region(
                bar.index(),
                io ? RegionType.IO : RegionType.MEMORY,
                InfoPci.address(part, bar),
                bar.size(),
                io ? null : bar.prefetchable(),
                io ? null : bar.kind() == Bar.Kind.MEMORY64);
    }

    private static Bridge bridge(PciPart part, List<PciPart> parts, int bridges) {
        int secondary = InfoPci.secondaryBus(part);
        var behind = secondary == 0 || bridges >= InfoPci.DEEPEST ? null : on(secondary, parts, bridges + 1);
        return new Bridge(
                new BridgeBus(
                        InfoPci.get(part, 0x18, 1),
                        secondary,
                        InfoPci.get(part, 0x1A, 1),
                        InfoPci.ports(part),
                        InfoPci.memory(part),
                        InfoPci.prefetchable(part)),
                behind);
    }
}
