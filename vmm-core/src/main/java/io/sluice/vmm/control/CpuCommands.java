package io.sluice.vmm.control;

import io.sluice.vmm.cpu.state.CpuFeatures;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The vCPUs and the models that they can be.
final class CpuCommands {
    private static final String MODEL = "max";
    private static final String TYPE = "max-x86_64-cpu";

    private final MachineConfig config;

    CpuCommands(MachineConfig config) {
        this.config = config;
    }

    record Topology(
            @Member("Socket.") long socketId,
            @Member("Core within the socket.") long coreId,
            @Member("Thread within the core.") long threadId) {}

    record Cpu(
            @Member("Number of the vCPU.") long cpuIndex,
            @Member("Its place in the object tree.") String qomPath,

            @Member("The host's thread that runs it; 0 if the host does not say.")
            long threadId,

            @Member("Where it sits.") Topology props,
            @Member("The guest's architecture.") String target) {}

    record HotpluggableCpu(
            @Member("Its type.") String type,
            @Member("How many vCPUs it is.") long vcpusCount,
            @Member("Where it sits.") Topology props,
            @Member("Its place in the object tree.") String qomPath) {}

    record Definition(
            String name,
            String typename,
            List<String> unavailableFeatures,
            boolean migrationSafe,
            @Member(name = "static") boolean isStatic,
            boolean deprecated) {}

    enum Expansion implements QapiEnum {
        STATIC,
        FULL
    }

    record Model(
            @Member("The model.") String name,
            @Member("Its properties.") @Nullable Object props) {}

    record ExpansionArguments(
            @Member("How far to expand; both give every flag.")
            Expansion type,

            @Member("The model.") Model model) {}

    record ExpansionResult(
            @Member("The model with every property.") Model model) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of("query-cpus-fast", Nothing.class, ListType.of(Cpu.class), "The vCPUs.", this::cpus),
                Command.of(
                        "query-hotpluggable-cpus",
                        Nothing.class,
                        ListType.of(HotpluggableCpu.class),
                        "The places for vCPUs; all are taken, none can be unplugged.",
                        this::hotpluggable),
                Command.of(
                        "query-cpu-definitions",
                        Nothing.class,
                        ListType.of(Definition.class),
                        "The CPU models.",
                        none -> List.of(new Definition(MODEL, TYPE, List.of(), false, false, false))),
                Command.of(
                        "query-cpu-model-expansion",
                        ExpansionArguments.class,
                        ExpansionResult.class,
                        "The flags that a CPU model stands for.",
                        this::expand));
    }

    private List<Cpu> cpus(Nothing none) {
        return IntStream.range(0, config.cpus().count())
                .mapToObj(i -> new Cpu(i, path(i), HostThreads.ofVcpu(i).orElse(0), topology(i), "x86_64"))
                .toList();
    }

    private List<HotpluggableCpu> hotpluggable(Nothing none) {
        return IntStream.range(0, config.cpus().count())
                .mapToObj(i -> new HotpluggableCpu(TYPE, 1, topology(i), path(i)))
                .toList();
    }

    private static Topology topology(int index) {
        return new Topology(index, 0, 0);
    }

    private static String path(int index) {
        return "/machine/unattached/device[" + index + "]";
    }

    private ExpansionResult expand(ExpansionArguments arguments) {
        if (!arguments.model.name.equals(MODEL)) {
            throw new QmpException("CPU model '" + arguments.model.name + "' not found");
        }
        var flags = new LinkedHashMap<String, Object>();
        CpuFeatures.all().forEach(flag -> flags.put(flag.name(), flag.present()));
        checkProperties(arguments.model.props, flags);
        return new ExpansionResult(new Model(MODEL, flags));
    }

    /// The model is what is emulated: its flags may be named, not changed.
    private static void checkProperties(@Nullable Object given, Map<String, Object> flags) {
        if (given == null) {
            return;
        }
        if (!(given instanceof Map<?, ?> properties)) {
            throw new QmpException("Invalid parameter type for 'model.props', expected: object");
        }
        for (var property : properties.entrySet()) {
            var present = flags.get(property.getKey());
            if (present == null) {
                throw new QmpException("Property '" + TYPE + "." + property.getKey() + "' not found");
            }
            if (!(property.getValue() instanceof Boolean wanted)) {
                throw new QmpException("Invalid parameter type for '" + property.getKey() + "', expected: boolean");
            }
            if (!wanted.equals(present)) {
                throw new QmpException("Property '" + TYPE + "." + property.getKey()
                        + "' cannot be set: max has just what is emulated");
            }
        }
    }
}
