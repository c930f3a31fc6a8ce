package io.sluice.vmm.cpu.isa;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/// What the host's CPU is, as Linux tells it.
public final class HostFacts {
    private final Set<String> flags;
    private final boolean intel;

    private HostFacts(Set<String> flags, boolean intel) {
        this.flags = flags;
        this.intel = intel;
    }

    public static HostFacts read() {
        try {
            String text = Files.readString(Path.of("/proc/cpuinfo"));
            return new HostFacts(
                    Set.of(line(text, "flags").split(" ")),
                    line(text, "vendor_id").equals("GenuineIntel"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String line(String text, String key) {
        return text.lines()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("");
    }

    public boolean isIntel() {
        return intel;
    }

    boolean has(Feature feature) {
        return switch (feature) {
            case BASE -> true;
            case LZCNT -> flags.contains("abm");
            case LAHF -> flags.contains("lahf_lm");
            case SSE3 -> flags.contains("pni");
            case CLFSH -> flags.contains("clflush");
            case PREFETCHW -> flags.contains("3dnowprefetch");
            default -> flags.contains(feature.name().toLowerCase(Locale.ROOT));
        };
    }
}
