package io.sluice.vfio.entry;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The mdev bus over the control socket: what sysfs shows and takes, and what an instance is doing.
final class MdevCommands {
    private static final String[] REGION_NAMES = {"bar0", "bar1", "bar2", "bar3", "bar4", "bar5", "rom", "config", "vga"
    };

    private final MdevBus bus;
    private final DeviceContext context;

    MdevCommands(MdevBus bus, DeviceContext context) {
        this.bus = bus;
        this.context = context;
    }

    record Parent(
            @Member("Its name.") String name,
            @Member("The types that it offers.") List<String> types) {}

    record Type(
            @Member("Its name, as mdev-create takes it.") String type,
            @Member("Who offers it.") String parent,
            @Member("The file 'name' of sysfs.") String name,
            @Member("The file 'description' of sysfs.") String description,
            @Member("What the instances are to vfio.") String deviceApi,
            @Member("How many more can be made.") long availableInstances,
            @Member("The instances that there are.") List<String> devices) {}

    /// How far an instance is in its life.
    enum MdevState implements QapiEnum {
        /// Nobody uses it.
        FREE,
        /// A machine has it.
        OPEN,
        /// It was removed, and goes when its user lets it.
        LEAVING;

        private static MdevState of(MdevInstance instance) {
            return instance.isLeaving() ? LEAVING : instance.isOpen() ? OPEN : FREE;
        }
    }

    record Region(
            @Member("Its number for vfio.") long index,
            @Member("What it is.") String name,
            @Member("Bytes.") long size,
            @Member("Bits: 1 read, 2 write, 4 mmap.") long flags) {}

    record Interrupt(
            @Member("Its number for vfio.") long index,
            @Member("What it is.") String name,
            @Member("Vectors.") long count,
            @Member("How many of them somebody listens to.") long listeners) {}

    record Counters(
            @Member("Reads of its regions.") long reads,
            @Member("Writes to its regions.") long writes,
            @Member("Interrupts that it has sent.") long interrupts) {}

    record Instance(
            @Member("Its name.") String uuid,
            @Member("Its type.") String type,
            @Member("Who made it.") String parent,
            @Member("What vfio-pci takes as sysfsdev.") String path,
            @Member("How far it is in its life.") MdevState state,
            @Member("Its regions, those that it has.") List<Region> regions,
            @Member("Its interrupts, those that it has.") List<Interrupt> interrupts,
            @Member("What it has done since it was made.") Counters counters) {}

    record QueryArguments(
            @Member("Only this one.") @Nullable String uuid) {}

    record CreateArguments(
            @Member("The type.") String type,
            @Member("The new instance's name.") String uuid) {}

    record RemoveArguments(@Member("The instance.") String uuid) {}

    record Removal(
            @Member("Whether it is gone; if not, its user was asked for it and it goes when released.")
            boolean removed) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "x-sluice-query-mdev-parents",
                        Nothing.class,
                        ListType.of(Parent.class),
                        "The drivers that make mediated devices.",
                        this::parents),
                Command.of(
                        "x-sluice-query-mdev-types",
                        Nothing.class,
                        ListType.of(Type.class),
                        "The types of mediated devices.",
                        this::types),
                Command.of(
                        "x-sluice-query-mdevs",
                        QueryArguments.class,
                        ListType.of(Instance.class),
                        "The mediated devices and what they are doing.",
                        this::instances),
                Command.of(
                        "x-sluice-mdev-create",
                        CreateArguments.class,
                        Nothing.class,
                        "Makes a mediated device, as a write to 'create' does.",
                        this::create),
                Command.of(
                        "x-sluice-mdev-remove",
                        RemoveArguments.class,
                        Removal.class,
                        "Removes a mediated device, as a write to 'remove' does; does not wait for its user.",
                        this::remove));
    }

    private List<Parent> parents(Nothing none) {
        return bus.parents().stream()
                .map(name -> new Parent(
                        name,
                        bus.types().stream()
                                .filter(t -> t.parent().equals(name))
                                .map(MdevBus.TypeInfo::name)
                                .toList()))
                .toList();
    }

    private List<Type> types(Nothing none) {
        return bus.types().stream()
                .map(t -> new Type(
                        t.name(),
                        t.parent(),
                        t.title(),
                        t.description(),
                        t.deviceApi(),
                        t.available(),
                        t.devices().stream().map(UUID::toString).toList()))
                .toList();
    }

    private List<Instance> instances(QueryArguments arguments) {
        if (arguments.uuid == null) {
            return bus.instances().stream().map(MdevCommands::describe).toList();
        }
        return List.of(describe(find(arguments.uuid)));
    }

    private MdevInstance find(String uuid) {
        var instance = bus.find(MdevBus.DEVICES + uuid);
        if (instance == null) {
            throw new QmpException(ErrorClass.DEVICE_NOT_FOUND, "Device '" + uuid + "' not found");
        }
        return instance;
    }

    private static Instance describe(MdevInstance instance) {
        var regions = new ArrayList<Region>();
        var interrupts = new ArrayList<Interrupt>();
        var counters = new Counters[1];
        instance.look(device -> {
            for (int i = 0; i < device.info().regions(); i++) {
                var region = device.regionInfo(i);
                if (region.size() != 0) {
                    var name = i < REGION_NAMES.length ? REGION_NAMES[i] : "device" + i;
                    regions.add(new Region(i, name, region.size(), region.flags()));
                }
            }
            for (var irq : VfioIrq.values()) {
                if (device.vectors(irq) != 0) {
                    interrupts.add(new Interrupt(
                            irq.ordinal(),
                            irq.name().toLowerCase(Locale.ROOT),
                            device.vectors(irq),
                            device.interrupts().listeners(irq)));
                }
            }
            var counted = device.counters();
            counters[0] = new Counters(counted.reads(), counted.writes(), counted.interrupts());
        });
        return new Instance(
                instance.uuid().toString(),
                instance.typeName(),
                instance.parentName(),
                instance.path(),
                MdevState.of(instance),
                regions,
                interrupts,
                counters[0]);
    }

    private Nothing create(CreateArguments arguments) {
        try {
            bus.create(arguments.type, arguments.uuid, context::newStrand);
        } catch (HostException e) {
            throw new QmpException("cannot create '" + arguments.uuid + "' of type '" + arguments.type + "': "
                    + e.errno().text());
        }
        return Nothing.INSTANCE;
    }

    private Removal remove(RemoveArguments arguments) {
        var instance = find(arguments.uuid);
        try {
            return new Removal(bus.remove(instance.uuid()));
        } catch (HostException e) {
            throw new QmpException(
                    "cannot remove '" + arguments.uuid + "': " + e.errno().text());
        }
    }

    /// A line for each instance, for people.
    static List<String> lines(MdevBus bus) {
        return bus.instances().stream()
                .map(instance -> instance.uuid() + " type " + instance.typeName() + " state "
                        + MdevState.of(instance).text() + " reads "
                        + instance.counters().reads() + " writes "
                        + instance.counters().writes() + " interrupts "
                        + instance.counters().interrupts())
                .toList();
    }
}
