package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineEvents;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.EventType;
import java.util.ArrayList;
import java.util.List;

/// Every command of a machine and its plugins.
public final class MachineCommands {
    private MachineCommands() {}

    /// Every kind of event that the machine and its plugins can tell.
    public static List<EventType<?>> events(Machine machine) {
        var all = new ArrayList<>(MachineEvents.all());
        all.addAll(machine.plugins().events());
        return all;
    }

    /// @param options of the command line, for scripts that ask what this program knows
    /// @param monitors the character devices of the control sockets
    public static List<Command<?, ?>> of(Machine machine, List<OptionInfo> options, List<CharDeviceInfo> monitors) {
        var all = new ArrayList<Command<?, ?>>();
        all.addAll(new LifeCommands(machine).commands());
        all.addAll(new NameCommands(machine.config()).commands());
        all.addAll(new CpuCommands(machine.config()).commands());
        all.addAll(new MemoryCommands(machine).commands());
        all.addAll(new TreeCommands(machine).commands());
        var types = new TypeCommands(machine.plugins());
        all.addAll(types.commands());
        var devices = new DeviceCommands(machine, types);
        all.addAll(devices.commands());
        var screen = new ScreenCommands(machine);
        all.addAll(screen.commands());
        all.addAll(new HumanCommands(machine, devices, screen).commands());
        all.addAll(new BackendCommands(machine.config(), options, monitors).commands());
        all.addAll(new PciCommands(machine).commands());
        all.addAll(new TraceCommands(machine.trace()).commands());
        all.addAll(new MigrationCommands().commands());
        all.addAll(new BlockCommands(machine).commands());
        all.addAll(AbsentCommands.commands());
        all.addAll(machine.pluginCommands());
        return all;
    }
}
