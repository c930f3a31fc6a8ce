package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Devices.VGroup;
import io.sluice.vfio.mdev.MdevDma;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.VfioNode;
import io.sluice.vfio.vfio.pci.VfioPciDriver;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What the host's administrator does: drivers, virtual functions, mediated devices.
final class HostCalls {
    private static final int MOST_STALE = 4;
    private static final List<String> TYPES = List.of("probe-pinned", "probe-function", "probe-queue");

    private final Calls calls;
    private final Model model;
    private final World world;
    private final HostFunction physical;
    private final Map<Node, HostFunction> functions = new IdentityHashMap<>();
    private final List<HostFunction> plain = new ArrayList<>();

    /// Everything that sends, and what did and has been taken out since.
    final List<IommuDevice> requesters = new ArrayList<>();

    HostCalls(Calls calls) {
        this.calls = calls;
        this.model = calls.model;
        this.world = calls.world;
        this.physical = world.at(World.PHYSICAL);
        for (var name : World.FUNCTIONS) {
            plain.add(world.at(name));
            sends(world.at(name).iommu());
        }
        world.mdevs.requesters().forEach(this::sends);
        model.group(physical.group()).natives++;
        sends(physical.iommu());
    }

    private void sends(IommuDevice device) {
        model.group(device.group());
        requesters.add(device);
    }

    @Nullable
    HostFunction function(Node node) {
        return functions.get(node);
    }

    private Node known(VfioNode real, @Nullable MdevDma dma) {
        var group = model.vgroups.computeIfAbsent(real.group(), VGroup::new);
        var iommu = real.iommu();
        var node = new Node(real, group, iommu == null ? null : model.group(iommu.group()), dma);
        group.members.add(node);
        model.nodes.add(node);
        return node;
    }

    private void leaves(Node node) {
        node.going = true;
        node.vgroup.members.remove(node);
        if (node.vgroup.members.isEmpty()) {
            model.vgroups.remove(node.vgroup.real);
        }
    }

    /// Forgets devices that are gone and that nobody has.
    void forget() {
        model.nodes.removeIf(node -> node.going && node.opens == 0);
        functions.keySet().removeIf(node -> !model.nodes.contains(node));
        while (model.gone.size() > MOST_STALE) {
            var oldest = model.gone.iterator().next();
            model.gone.remove(oldest);
            requesters.remove(oldest);
            model.groups.remove(oldest.group());
        }
    }

    // ---- drivers

    private List<HostFunction> all() {
        var all = new ArrayList<>(plain);
        all.addAll(physical.virtuals());
        return all;
    }

    void drive() {
        var all = all();
        var function = all.get(calls.random.nextInt(all.size()));
        if (function.driver() == null) {
            take(function, calls.odds(8) ? "native" : VfioPciDriver.NAME);
        } else if (calls.odds(4)) {
            release(function);
        }
    }

    private void take(HostFunction function, String name) {
        var group = model.group(function.group());
        boolean vfio = name.equals(VfioPciDriver.NAME);
        world.host.drivers().override(function, name);
        var verdict = vfio || group.owner == null ? Verdict.YES : Verdict.no(Errno.EBUSY);
        if (!calls.call(Action.DRIVER_BIND, name + " " + function, verdict, () -> {
            world.host.drivers().bind(function, name);
            return 0;
        })) {
            return;
        }
        if (vfio) {
            var real = world.driver.node(function);
            if (real == null) {
                throw new Broken("no device of vfio-pci's");
            }
            functions.put(known(real, null), function);
        } else {
            group.natives++;
        }
    }

    private void release(HostFunction function) {
        var real = world.driver.node(function);
        calls.quietly(
                Action.DRIVER_UNBIND,
                function.toString(),
                () -> world.host.drivers().unbind(function));
        left(function, real);
    }

    private void left(HostFunction function, @Nullable VfioNode real) {
        if (real == null) {
            model.group(function.group()).natives--;
            return;
        }
        model.nodes.stream().filter(node -> node.real == real).forEach(this::leaves);
    }

    // ---- virtual functions

    void virtual() {
        int now = physical.virtuals().size();
        int count = calls.random.nextInt(World.VFS + 1);
        if (now > 0 && count == 0) {
            removeVirtuals();
            return;
        }
        var verdict = now == 0 || now == count ? Verdict.YES : Verdict.no(Errno.EBUSY);
        if (calls.call(Action.SET_VFS, Integer.toString(count), verdict, () -> {
                    world.host.setNumVfs(physical, count);
                    return 0;
                })
                && now == 0) {
            physical.virtuals().forEach(function -> sends(function.iommu()));
        }
    }

    private void removeVirtuals() {
        record Going(IommuDevice device, @Nullable VfioNode node, boolean driven) {}
        var going = new ArrayList<Going>();
        for (var function : physical.virtuals()) {
            going.add(new Going(function.iommu(), world.driver.node(function), function.driver() != null));
        }
        calls.quietly(Action.REMOVE_VFS, "", () -> world.host.setNumVfs(physical, 0));
        for (var each : going) {
            model.gone.add(each.device);
            if (each.node != null) {
                model.nodes.stream().filter(node -> node.real == each.node).forEach(this::leaves);
            } else if (each.driven) {
                model.group(each.device.group()).natives--;
            }
        }
    }

    // ---- mediated devices

    void createMdev() {
        var type = TYPES.get(calls.random.nextInt(TYPES.size()));
        long same = world.bus.instances().stream()
                .filter(instance -> instance.typeName().equals(type))
                .count();
        var uuid = new UUID(calls.random.nextLong(), calls.random.nextLong());
        var made = new @Nullable MdevInstance[1];
        var verdict = same >= ProbeDriver.MOST ? Verdict.no(Errno.EUSERS) : Verdict.YES;
        if (calls.call(Action.MDEV_CREATE, type + " " + uuid, verdict, () -> {
            made[0] = world.bus.create(type, uuid.toString(), world.loop::strand);
            return 0;
        })) {
            var instance = made[0];
            if (instance != null) {
                known(instance.node(), world.mdevs.dma(uuid));
            }
        }
    }

    void removeMdev() {
        var instance = calls.any(world.bus.instances());
        if (instance == null || instance.isLeaving()) {
            return;
        }
        calls.quietly(Action.MDEV_REMOVE, instance.uuid().toString(), () -> world.bus.remove(instance.uuid()));
        model.nodes.stream().filter(node -> node.real == instance.node()).forEach(this::leaves);
    }
}
