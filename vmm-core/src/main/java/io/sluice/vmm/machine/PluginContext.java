package io.sluice.vmm.machine;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.IsaLines;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.trace.Trace;
import java.util.List;

/// What a plugin gets of the machine. Its devices live on the I/O loops, in turn.
final class PluginContext implements DeviceContext {
    private final Board board;
    private final MachineHost host;
    private final io.sluice.vmm.device.MachinePower power;
    private final Trace trace;
    private final Drives drives;
    private int strands;

    PluginContext(Board board, MachineHost host, io.sluice.vmm.device.MachinePower power, Trace trace, Drives drives) {
        this.board = board;
        this.host = host;
        this.power = power;
        this.trace = trace;
        this.drives = drives;
    }

    /// A registry with what the board itself has, and these.
    static PluginRegistry newRegistry(Iterable<? extends Plugin> plugins) {
        var registry = new PluginRegistry();
        new IsaDevices().register(registry);
        plugins.forEach(plugin -> plugin.register(registry));
        return registry;
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
    public List<Mapping.Ram> ram() {
        return List.copyOf(board.ram);
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
    public MeterBoard meters() {
        return host.meters();
    }

    @Override
    public Drives drives() {
        return drives;
    }

    @Override
    public Trace trace() {
        return trace;
    }

    @Override
    public void emit(EventType.Event<?> event) {
        host.emit(event);
    }

    @Override
    public MachineClock clock() {
        return board.clock;
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
