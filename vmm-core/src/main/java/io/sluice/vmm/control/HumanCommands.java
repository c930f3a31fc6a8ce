package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QmpException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The human monitor over the control socket.
final class HumanCommands {
    private final HumanMonitor monitor;

    HumanCommands(Machine machine, DeviceCommands devices, ScreenCommands screen) {
        monitor = new HumanMonitor(machine, devices, screen);
    }

    record Line(
            @Member("What a person would type.") String commandLine,

            @Member("The vCPU that it is about; the first if absent.") @Nullable
            Long cpuIndex) {}

    List<Command<?, ?>> commands() {
        return List.of(Command.of(
                "human-monitor-command",
                Line.class,
                String.class,
                "Runs a line of the human monitor and gives back what it prints (docs/monitor.md).",
                this::run));
    }

    private String run(Line line) {
        if (line.cpuIndex != null && line.cpuIndex != 0) {
            throw new QmpException("Parameter 'cpu-index' expects a CPU number");
        }
        return monitor.execute(line.commandLine);
    }
}
