package io.sluice.vmm.machine;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.IsaLines;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.pci.PciException;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/// What plugins have added to one machine: `-object` and `-device`. Used by the thread that owns the machine.
final class PluginBay {
    private static final List<String> ROOT_BUS = List.of("pcie.0", "pci.0");
    private static final List<String> ISA_BUS = List.of("isa.0");

    private final PluginRegistry registry;
    private final Board board;
    private final Context context;
    private final List<ObjectType.UserObject> objects = new ArrayList<>();
    private final List<Attachable> devices = new ArrayList<>();

    PluginBay(PluginRegistry registry, Board board, MachineHost host, io.sluice.vmm.device.MachinePower power) {
        this.registry = registry;
        this.board = board;
        this.context = new Context(board, host, power);
    }

    /// A registry with everything that this program has.
    static PluginRegistry newRegistry() {
        var registry = new PluginRegistry();
        new IsaDevices().register(registry);
        ServiceLoader.load(Plugin.class).forEach(plugin -> plugin.register(registry));
        return registry;
    }

    /// @throws MachineException if it cannot be had
    void addObject(MachineConfig.Part part) {
        try {
            objects.add(registry.createObject(part.type(), part.properties(), context));
        } catch (PluginException e) {
            throw new MachineException("-object " + part.type() + ": " + e.getMessage(), e);
        }
    }

    /// @throws MachineException if it cannot be had
    void addDevice(MachineConfig.Part part) {
        try {
            var made = registry.createDevice(part.type(), part.properties(), context);
            devices.add(made.device());
            var placement = made.placement();
            switch (made.device()) {
                case Attachable.Pci pci -> {
                    checkBus(placement.bus(), ROOT_BUS);
                    if (placement.slot() < 0) {
                        board.pci.add(pci.function());
                    } else {
                        board.pci.add(new Bdf(placement.slot()), pci.function());
                    }
                }
                case Attachable.Platform platform -> checkBus(placement.bus(), ISA_BUS);
            }
        } catch (PluginException | PciException e) {
            throw new MachineException("-device " + part.type() + ": " + e.getMessage(), e);
        }
    }

    private static void checkBus(@Nullable String wanted, List<String> there) {
        if (wanted != null && !there.contains(wanted)) {
            throw new PluginException("Bus '" + wanted + "' not found");
        }
    }

    /// Resets what has fixed addresses; PCI functions are reset with their bus.
    void reset() {
        for (var device : devices) {
            if (device instanceof Attachable.Platform platform) {
                platform.reset().run();
            }
        }
    }

    /// Takes everything off, the last first. Nothing of the machine runs any more.
    void close() {
        for (var device : devices.reversed()) {
            if (device instanceof Attachable.Pci pci) {
                board.pci.remove(pci.function());
            }
            device.close();
        }
        objects.reversed().forEach(ObjectType.UserObject::close);
        devices.clear();
        objects.clear();
    }

    /// What a plugin gets of the machine. Its devices live on the I/O loops, in turn.
    private static final class Context implements DeviceContext {
        private final Board board;
        private final MachineHost host;
        private final io.sluice.vmm.device.MachinePower power;
        private int strands;

        Context(Board board, MachineHost host, io.sluice.vmm.device.MachinePower power) {
            this.board = board;
            this.host = host;
            this.power = power;
        }

        @Override
        public Strand newStrand() {
            return board.strands.counted("device", new Strand(host.ioLoop(strands++), board.clock));
        }

        @Override
        public AddressSpace memory() {
            return board.memory;
        }

        @Override
        public AddressSpace io() {
            return board.io;
        }

        @Override
        public IrqLine irq(int number) {
            return number < IsaLines.ISA_COUNT ? isa(number) : board.lines.gsi(number);
        }

        /// The cascade between the PICs is no input.
        private IrqLine isa(int number) {
            return number == 2 ? IrqLine.NONE : board.lines.isa(number);
        }

        @Override
        public MachineClock clock() {
            return board.clock;
        }

        @Override
        public MeterBoard meters() {
            return host.meters();
        }

        @Override
        public MachinePower power() {
            return new MachinePower() {
                @Override
                public void exit(int status) {
                    power.exit(status);
                }

                @Override
                public void reset() {
                    power.reset("a device");
                }

                @Override
                public void powerOff() {
                    power.powerOff();
                }
            };
        }
    }
}
