package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Steps;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.BridgePort;
import io.sluice.vmm.pci.DmaFault;
import io.sluice.vmm.pci.FunctionShape;
import io.sluice.vmm.pci.PciExpress;
import io.sluice.vmm.pci.PciFabric;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.pci.PciFunctionBuilder;
import io.sluice.vmm.pci.SriovSettings;
import io.sluice.vmm.pci.VfBar;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes functions as they are described. What it makes is on no bus and has no wires that lead anywhere.
final class FunctionMaker {
    private static final int EVENT_COLLECTOR_CLASS = 0x080700;

    private final DeviceModel.Catalogue models;
    private final Supplier<Strand> strands;
    private final PeerRouting peers;
    private final DmaFault.Watch faults;
    private final Steps steps;

    FunctionMaker(
            DeviceModel.Catalogue models,
            Supplier<Strand> strands,
            PeerRouting peers,
            DmaFault.Watch faults,
            Steps steps) {
        this.models = models;
        this.strands = strands;
        this.peers = peers;
        this.faults = faults;
        this.steps = steps;
    }

    /// A function with the way that its requests will go.
    record Made(
            PciFunction pci,
            HostDma dma,
            HostPin pin,
            PciFabric.Wires wires,
            Runnable close,
            @Nullable BridgePort bridge,
            @Nullable VirtualFunctions vfs) {}

    private Made wired(
            PciFunction pci, HostDma dma, Runnable close, @Nullable BridgePort bridge, @Nullable VirtualFunctions vfs) {
        var pin = new HostPin();
        return new Made(pci, dma, pin, new PciFabric.Wires(dma, dma, pin, faults), close, bridge, vfs);
    }

    /// @throws HostConfigException if the model is not there, or refuses its properties
    Made make(FunctionConfig config) {
        steps.pass("host.pci.make.function");
        var kind = config.kind().bridge();
        if (kind != null) {
            var bridge = new BridgePort(config.name(), strands.get(), kind, builder -> acs(builder, config));
            return wired(bridge.function(), new HostDma(peers), () -> {}, bridge, null);
        }
        return config.kind().isDevice() ? device(config) : collector(config);
    }

    private Made collector(FunctionConfig config) {
        var builder = PciFunction.builder(config.name(), strands.get())
                .ids(0x1B36, 0x00FF)
                .classCode(EVENT_COLLECTOR_CLASS)
                .pciExpress(PciExpress.Type.EVENT_COLLECTOR, false);
        acs(builder, config);
        return wired(builder.build(), new HostDma(peers), () -> {}, null, null);
    }

    private static void acs(PciFunctionBuilder builder, FunctionConfig config) {
        if (config.features().acs() >= 0) {
            builder.acs(config.features().acs());
        }
    }

    private Made device(FunctionConfig config) {
        var name = config.device();
        var model = name == null ? null : models.find(name);
        if (model == null) {
            throw new HostConfigException(
                    config.where(), "\"" + config.name() + "\" is a \"" + name + "\", which is no device of a host's");
        }
        try {
            return device(config, model);
        } catch (IllegalArgumentException refused) {
            throw new HostConfigException(
                    config.where(), "\"" + config.name() + "\" cannot be made: " + refused.getMessage());
        }
    }

    private Made device(FunctionConfig config, DeviceModel model) {
        var slots = new ArrayList<VirtualFunctions.Slot>();
        boolean done = false;
        try {
            var wanted = config.vfs();
            var settings = wanted == null ? null : virtual(config, wanted, model, slots);
            var dma = new HostDma(peers);
            var made = model.make(new DeviceModel.Order(
                    config.name(), config.properties(), strands.get(), shape(config, settings), dma));
            var vfs = settings == null ? null : new VirtualFunctions(slots);
            var sriov = made.function().extensions().sriov();
            if (sriov != null && vfs != null) {
                sriov.source(vfs);
            }
            done = true;
            return wired(made.function(), dma, made.close(), null, vfs);
        } finally {
            if (!done) {
                slots.forEach(slot -> slot.close().run());
            }
        }
    }

    private SriovSettings virtual(
            FunctionConfig config, FunctionConfig.Vfs wanted, DeviceModel model, List<VirtualFunctions.Slot> slots) {
        var each = model.virtualFunctions(config.name(), wanted);
        for (int vf = 0; vf < wanted.total(); vf++) {
            steps.pass("host.pci.make.vf");
            var dma = new HostDma(peers);
            var made = each.make(vf, strands.get(), virtualShape(config), dma);
            var wired = wired(made.function(), dma, made.close(), null, null);
            slots.add(new VirtualFunctions.Slot(wired.pci(), wired.dma(), wired.pin(), wired.wires(), made.close()));
        }
        var bars = slots.getFirst().pci().bars().stream()
                .filter(bar -> bar.kind() != io.sluice.vmm.pci.Bar.Kind.IO)
                .map(VfBar::of)
                .toList();
        return new SriovSettings(
                wanted.total(), wanted.firstOffset(), wanted.stride(), Math.max(0, wanted.device()), bars);
    }

    private static FunctionShape shape(FunctionConfig config, @Nullable SriovSettings vfs) {
        var features = config.features();
        return builder -> {
            express(builder, config);
            if (config.kind() == FunctionKind.CONVENTIONAL) {
                return;
            }
            if (features.ari()) {
                builder.ari();
            }
            acs(builder, config);
            if (features.ats() > 0) {
                builder.ats(features.ats());
            }
            if (features.pri() > 0) {
                builder.pri(features.pri());
            }
            if (features.pasidBits() > 0) {
                builder.pasid(features.pasidBits(), features.pasidExecute(), features.pasidPrivileged());
            }
            if (vfs != null) {
                var wanted = config.vfs();
                boolean own = wanted != null && wanted.device() >= 0;
                int device = own ? vfs.device() : builder.deviceId();
                builder.sriov(new SriovSettings(vfs.total(), vfs.firstOffset(), vfs.stride(), device, vfs.bars()));
            }
        };
    }

    /// A virtual function has translations of its own, and its physical one's PASIDs and page requests.
    private static FunctionShape virtualShape(FunctionConfig config) {
        return builder -> {
            express(builder, config);
            if (config.features().ari()) {
                builder.ari();
            }
            if (config.features().ats() > 0) {
                builder.ats(config.features().ats());
            }
            builder.virtualFunction();
        };
    }

    private static void express(PciFunctionBuilder builder, FunctionConfig config) {
        if (config.kind() == FunctionKind.CONVENTIONAL) {
            if (builder.isExpress()) {
                throw new IllegalArgumentException("it is a PCI Express device; put it behind a port, as an endpoint");
            }
        } else {
            var type = config.kind() == FunctionKind.INTEGRATED_ENDPOINT
                    ? PciExpress.Type.INTEGRATED_ENDPOINT
                    : PciExpress.Type.ENDPOINT;
            builder.expressAs(type, config.features().reset());
        }
    }
}
