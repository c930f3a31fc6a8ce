package io.sluice.guest.testkit;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineView.Region;
import io.sluice.vmm.meter.Meter;
import io.sluice.vmm.testkit.MachineRig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// What there is in a machine: what answers at which address, functions, devices, objects, strands,
/// and the meters on its board.
public record Inventory(
        List<String> ranges,
        List<String> functions,
        List<String> devices,
        List<String> objects,
        Map<String, Long> strands,
        List<String> meters) {

    /// All that is there now. A strand counts until nobody can reach it.
    public static Inventory of(MachineRig rig) {
        System.gc();
        return rig.ask(
                machine -> of(machine, rig.meters().meters().values().stream().toList()));
    }

    private static Inventory of(Machine machine, List<Meter> meters) {
        var view = machine.view();
        return new Inventory(
                Stream.concat(view.memory().stream(), view.ports().stream())
                        .map(Inventory::text)
                        .toList(),
                view.pci().stream().map(part -> part.at() + " " + part.type()).toList(),
                machine.devices().stream().map(device -> device.path()).toList(),
                machine.objects().stream().map(Object::toString).toList(),
                strands(meters),
                meters.stream().map(meter -> meter.id().toString()).sorted().toList());
    }

    /// What is in one of the two and not in the other.
    public List<String> differences(Inventory other) {
        var all = new ArrayList<String>();
        differences("range ", ranges, other.ranges, all);
        differences("function ", functions, other.functions, all);
        differences("device ", devices, other.devices, all);
        differences("object ", objects, other.objects, all);
        differences("strands ", List.of(strands.toString()), List.of(other.strands.toString()), all);
        differences("meter ", meters, other.meters, all);
        return all;
    }

    private static void differences(String kind, List<String> these, List<String> others, List<String> all) {
        these.stream().filter(item -> !others.contains(item)).forEach(item -> all.add(kind + item + " in one"));
        others.stream().filter(item -> !these.contains(item)).forEach(item -> all.add(kind + item + " in the other"));
    }

    private static String text(Region region) {
        return String.format("%x..%x %s", region.first(), region.last(), region.name());
    }

    private static Map<String, Long> strands(List<Meter> meters) {
        var counts = new TreeMap<String, Long>();
        for (var meter : meters) {
            if (meter instanceof Meter.Gauge gauge && gauge.id().name().equals("sluice.strand.count")) {
                counts.put(gauge.id().tags().toString(), gauge.value().getAsLong());
            }
        }
        return counts;
    }
}
