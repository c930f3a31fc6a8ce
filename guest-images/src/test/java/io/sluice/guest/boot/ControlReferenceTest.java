package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.guest.baremetal.HelloGuest;
import io.sluice.vmm.control.MachineCommands;
import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qmp.QmpReference;
import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.testkit.MachineRig;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The reference of the control socket is what the program says of itself, with all plugins.
@Timeout(120)
class ControlReferenceTest {
    private static MachineConfig config() {
        var guest = new HelloGuest(GuestCache.ofUser()).prepare((what, done, total) -> {});
        return new MachineConfig(
                "hello",
                new UUID(1, 2),
                64L << 20,
                new MachineConfig.Cpus(1, "max"),
                new MachineConfig.Boot(guest.kernel(), guest.initrd(), guest.append(), true),
                List.of(new CharTarget.Stdio(false)),
                null,
                List.of(),
                List.of(),
                List.of(),
                new MachineConfig.Rtc(0),
                MachineConfig.Life.STANDARD,
                new MachineConfig.Log(Set.of(), null));
    }

    @Test
    void theReferenceListsEveryCommandAndEvent() {
        try (var rig = MachineRig.start(config())) {
            var table = rig.ask(machine -> new CommandTable(
                    MachineCommands.of(machine, List.of(), List.of()), MachineCommands.events(machine)));

            assertThat(table.commands().stream().map(Command::name)).contains("device_add", "x-sluice-mdev-create");
            Golden.check("docs/qmp.md", QmpReference.markdown(table));
        }
    }
}
