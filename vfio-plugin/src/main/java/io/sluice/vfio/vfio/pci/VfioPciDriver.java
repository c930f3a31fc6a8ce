package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.pci.HostDriver;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.host.pci.HostResets;
import io.sluice.vfio.vfio.DeviceSet;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioNode;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The host's driver `vfio-pci`: it takes the functions that are given to it by name, and hands each over to vfio. Any
/// thread that is in no strand.
public final class VfioPciDriver implements HostDriver {
    public static final String NAME = "vfio-pci";

    private final HostPci host;
    private final VfioHost vfio;
    private final Map<HostFunction, Taken> taken = new ConcurrentHashMap<>();
    private final Map<Object, DeviceSet> sets = new WeakHashMap<>();

    private record Taken(VfioPciDevice device, VfioNode node, TokenRule token) {}

    public VfioPciDriver(HostPci host, VfioHost vfio) {
        this.host = host;
        this.vfio = vfio;
    }

    @Override
    public String name() {
        return NAME;
    }

    /// It takes nothing unasked.
    @Override
    public boolean matches(HostFunction function) {
        return false;
    }

    @Override
    public boolean managesDma() {
        return true;
    }

    @Override
    public boolean enablesVfs() {
        return true;
    }

    /// What vfio knows of a function; null if this driver has not got it.
    public @Nullable VfioNode node(HostFunction function) {
        var here = taken.get(function);
        return here == null ? null : here.node;
    }

    /// @throws HostException EINVAL for a bridge
    @Override
    public void probe(HostFunction function) {
        if (function.kind().bridge() != null) {
            throw new HostException(Errno.EINVAL, function + " is a bridge");
        }
        var steps = vfio.kernel().steps();
        steps.pass("vfio_pci.probe.device");
        var token = token(function);
        boolean isAlone = host.resets().method(function) == HostResets.Method.BUS;
        var place = new VfioPciDevice.Place(host.vectors(), isAlone, null, steps);
        var device = VfioPciDevice.bind(function, place, token);
        boolean done = false;
        try {
            var node = vfio.register(function.name(), device, function.pci().strand(), set(function));
            taken.put(function, new Taken(device, node, token));
            function.vfioNumber(node.number());
            done = true;
        } finally {
            if (!done) {
                device.unbind();
            }
        }
    }

    private TokenRule token(HostFunction function) {
        var physical = function.physical();
        var above = physical == null ? null : taken.get(physical);
        if (above != null) {
            return above.token.virtual();
        }
        return function.totalVfs() > 0 ? TokenRule.physical() : TokenRule.NONE;
    }

    private DeviceSet set(HostFunction function) {
        var key = host.resets().deviceSet(function);
        if (key.equals(function)) {
            return DeviceSet.alone();
        }
        synchronized (sets) {
            return sets.computeIfAbsent(key, bus -> DeviceSet.of(new Slot(function)));
        }
    }

    /// Users that have it keep a file behind which nothing is any more; they are asked to close it.
    @Override
    public void remove(HostFunction function) {
        var here = taken.remove(function);
        if (here != null) {
            here.device.unbind();
            here.node.unregister(() -> {});
        }
    }

    /// The bus that a function is on. A function of it stands for it, also when that has gone.
    private final class Slot implements DeviceSet.SlotReset {
        private final HostFunction first;

        Slot(HostFunction first) {
            this.first = first;
        }

        @Override
        public List<DeviceSet.Affected> affected() {
            return host.resets().resetTogether(first).stream()
                    .map(function ->
                            new DeviceSet.Affected(0, function.address(), function.isGone() ? null : function.group()))
                    .toList();
        }

        @Override
        public void reset() {
            host.resets().resetBus(first);
        }
    }
}
