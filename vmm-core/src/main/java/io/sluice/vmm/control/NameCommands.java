package io.sluice.vmm.control;

import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import java.util.List;

/// What the machine is called and what kind it is.
final class NameCommands {
    private static final String CPU_TYPE = "max-x86_64-cpu";

    private final MachineConfig config;

    NameCommands(MachineConfig config) {
        this.config = config;
    }

    record Name(@Member("What the user called the machine.") String name) {}

    record Uuid(
            @Member(name = "UUID", value = "The system's UUID, as the guest sees it.")
            String uuid) {}

    record Target(@Member("The guest's architecture.") String arch) {}

    record Kvm(
            @Member("Whether the host's virtualization runs the guest.")
            boolean enabled,

            @Member("Whether it could.") boolean present) {}

    record MachineInfo(
            String name,
            boolean isDefault,
            long cpuMax,
            boolean hotpluggableCpus,
            boolean numaMemSupported,
            boolean deprecated,
            String defaultCpuType) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of("query-name", Nothing.class, Name.class, "The machine's name.", n -> new Name(config.name()))
                        .onLoop(),
                Command.of(
                                "query-uuid",
                                Nothing.class,
                                Uuid.class,
                                "The machine's UUID.",
                                n -> new Uuid(config.uuid().toString()))
                        .onLoop(),
                Command.of("query-target", Nothing.class, Target.class, "The architecture.", n -> new Target("x86_64"))
                        .onLoop(),
                Command.of(
                                "query-kvm",
                                Nothing.class,
                                Kvm.class,
                                "Whether KVM runs the guest: never, its vCPUs are emulated.",
                                n -> new Kvm(false, false))
                        .onLoop(),
                Command.of(
                        "query-machines",
                        Nothing.class,
                        ListType.of(MachineInfo.class),
                        "The machine types.",
                        n -> List.of(new MachineInfo("q35", true, 1, false, false, false, CPU_TYPE))));
    }
}
