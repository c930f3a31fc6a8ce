package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qom.TreeObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The human monitor over the control socket.
final class HumanCommands {
    private final HumanMonitor monitor;

    HumanCommands(Machine machine, DeviceCommands devices) {
        monitor = new HumanMonitor(machine, new Hooks(machine, devices));
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

    private record Hooks(Machine machine, DeviceCommands plugging) implements HumanHooks {
        @Override
        public InfoObject objects() {
            return describe(machine.tree().resolve("/machine"));
        }

        private static InfoObject describe(TreeObject object) {
            return new InfoObject(
                    object.name(),
                    object.type(),
                    object.children().stream().map(Hooks::describe).toList());
        }

        @Override
        public void plug(String type, Map<String, String> properties) {
            plugging.plug(type, new LinkedHashMap<>(properties));
        }

        @Override
        public void unplug(String id) {
            plugging.unplug(id);
        }
    }
}
