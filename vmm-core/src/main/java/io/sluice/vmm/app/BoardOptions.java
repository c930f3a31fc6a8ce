package io.sluice.vmm.app;

import io.sluice.vmm.machine.MachineConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Reads what says of which board the machine is: `-m -smp -cpu -machine -accel`.
final class BoardOptions {
    private static final long DEFAULT_MEMORY = 512L << 20;
    private static final long SMALLEST_MEMORY = 2L << 20;
    private static final long LARGEST_MEMORY = 128L << 30;
    private static final Set<String> ACCELERATORS = Set.of("tcg", "interp");

    /// Properties of q35 and the values that mean what this board is; the first is the default.
    private static final Map<String, List<String>> PROPERTIES = new LinkedHashMap<>();

    static {
        PROPERTIES.put("acpi", List.of("on", "auto"));
        PROPERTIES.put("decompress", List.of("on", "off"));
        PROPERTIES.put("dump-guest-core", List.of("on", "off"));
        PROPERTIES.put("graphics", List.of("off"));
        PROPERTIES.put("hpet", List.of("on"));
        PROPERTIES.put("i8042", List.of("on"));
        PROPERTIES.put("mem-merge", List.of("on", "off"));
        PROPERTIES.put("nvdimm", List.of("off"));
        PROPERTIES.put("pic", List.of("on", "auto"));
        PROPERTIES.put("pit", List.of("on", "auto"));
        PROPERTIES.put("sata", List.of("off"));
        PROPERTIES.put("smbus", List.of("off"));
        PROPERTIES.put("smm", List.of("off", "auto"));
        PROPERTIES.put("usb", List.of("off"));
        PROPERTIES.put("vmport", List.of("off", "auto"));
    }

    private final Options options;

    BoardOptions(Options options) {
        this.options = options;
    }

    long memoryBytes() {
        var size = DEFAULT_MEMORY;
        for (var text : options.all(Option.MEMORY)) {
            var values = KeyValues.parse("-m", text, "size");
            values.allow(Set.of("size"));
            size = Sizes.bytes("-m", values.get("size", "512M"));
        }
        if (size < SMALLEST_MEMORY || size > LARGEST_MEMORY) {
            throw new UsageException("-m " + options.last(Option.MEMORY) + ": memory is 2M to 128G");
        }
        return size & -(1L << 20);
    }

    MachineConfig.Cpus cpus() {
        return new MachineConfig.Cpus(count(), model());
    }

    private int count() {
        var text = options.last(Option.SMP);
        if (text == null) {
            return 1;
        }
        var values = KeyValues.parse("-smp", text, "cpus");
        values.allow(Set.of("cpus", "maxcpus", "sockets", "dies", "cores", "threads"));
        for (var value : values.all().entrySet()) {
            if (!value.getValue().equals("1")) {
                throw new UsageException(
                        "-smp " + text + ": " + value.getKey() + " can only be 1: there is one vCPU as yet");
            }
        }
        return 1;
    }

    private String model() {
        var text = options.last(Option.CPU);
        if (text == null) {
            return "max";
        }
        var parts = text.split(",", -1);
        if (!parts[0].equals("max")) {
            throw new UsageException("-cpu " + parts[0] + ": unable to find CPU model '" + parts[0]
                    + "'; use max ('-cpu help' lists them)");
        }
        if (parts.length > 1) {
            throw new UsageException("-cpu " + text + ": Property 'max." + parts[1].replaceFirst("^[+-]", "")
                    + "' not found; max has just what is emulated");
        }
        return "max";
    }

    /// Refuses what the board has not; see [#decompress] for the one property that changes something.
    void check() {
        for (var text : machineTexts()) {
            var values = KeyValues.parse("-machine", text, "type");
            if (!Set.of("q35", "").contains(values.get("type", ""))) {
                throw new UsageException("-machine " + values.get("type")
                        + ": unsupported machine type; use q35 ('-machine help' lists types)");
            }
            values.without("type").forEach(BoardOptions::checkProperty);
        }
        var accelerators = options.all(Option.ACCEL);
        if (!accelerators.isEmpty()) {
            checkAccelerator(accelerators.stream()
                    .map(text -> KeyValues.parse("-accel", text, "accel").get("accel", ""))
                    .toList());
        }
    }

    private List<String> machineTexts() {
        return Stream.concat(options.all(Option.MACHINE).stream(), options.all(Option.M).stream())
                .toList();
    }

    private static void checkProperty(String name, String value) {
        if (name.equals("accel")) {
            checkAccelerator(List.of(value.split(":", -1)));
            return;
        }
        var allowed = PROPERTIES.get(name);
        if (allowed == null) {
            throw new UsageException(
                    "-machine: Property 'q35." + name + "' not found ('-machine help' lists properties)");
        }
        if (!allowed.contains(value)) {
            throw new UsageException("-machine " + name + "=" + value + ": this board can only be " + name + "="
                    + String.join(" or " + name + "=", allowed));
        }
    }

    /// A list is an order of preference; one that we have is enough.
    private static void checkAccelerator(List<String> names) {
        if (names.stream().noneMatch(ACCELERATORS::contains)) {
            throw new UsageException("-accel " + names.getFirst()
                    + ": invalid accelerator: vCPUs are emulated, use tcg or interp (both mean that)");
        }
    }

    /// Whether the host unpacks a compressed kernel.
    boolean decompress() {
        boolean decompress = true;
        for (var text : machineTexts()) {
            decompress = KeyValues.parse("-machine", text, "type")
                    .get("decompress", decompress ? "on" : "off")
                    .equals("on");
        }
        return decompress;
    }

    static String machineHelp() {
        return "Supported machines are:\nq35                  Standard PC, PCI Express (default)\n\nq35 properties:\n"
                + PROPERTIES.entrySet().stream()
                        .map(p -> "  " + p.getKey() + "=" + String.join("|", p.getValue()) + "\n")
                        .collect(Collectors.joining());
    }

    static String cpuHelp() {
        return "Available CPUs:\n  max                  everything that is emulated (default)\n";
    }

    static String accelHelp() {
        return "Accelerators supported:\ntcg\ninterp\n";
    }
}
