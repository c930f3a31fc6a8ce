package io.sluice.vmm.app;

import io.sluice.vmm.gdb.GdbTarget;
import io.sluice.vmm.socket.HostPort;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads `-gdb` and `-s`: where to wait for a debugger. A host that is not named is this one only, not any interface.
final class GdbOptions {
    static final int DEFAULT_PORT = 1234;
    private static final String LOCAL = "127.0.0.1";
    private static final String KNOWN = "; use tcp::PORT, tcp:HOST:PORT, unix:PATH, stdio or none";
    /// What QEMU's sockets have beside an address, and what it has to be here.
    private static final Map<String, Set<String>> SOCKET = Map.of(
            "server", Set.of("on"),
            "wait", Set.of("off"),
            "nodelay", Set.of("on"),
            "ipv4", Set.of("on", "off"),
            "ipv6", Set.of("on", "off"));

    private GdbOptions() {}

    /// Null if nobody waits for a debugger. Of several the last counts, `-s` first.
    static @Nullable GdbTarget read(Options options) {
        var text = options.last(Option.GDB);
        if (text == null) {
            return options.has(Option.GDB_PORT) ? new GdbTarget.Tcp(LOCAL, DEFAULT_PORT) : null;
        }
        var target = target(text);
        boolean taken = options.all(Option.SERIAL).stream().anyMatch(GdbOptions::isStdio)
                || options.all(Option.DEBUGCON).stream().anyMatch(GdbOptions::isStdio);
        if (target instanceof GdbTarget.Stdio && taken) {
            throw new UsageException("-gdb stdio: stdio can serve one port only; give the others file:PATH or null");
        }
        return target;
    }

    private static boolean isStdio(String target) {
        return target.equals("stdio") || target.equals("mon:stdio");
    }

    private static @Nullable GdbTarget target(String text) {
        if (text.equals("none")) {
            return null;
        }
        if (text.equals("stdio")) {
            return new GdbTarget.Stdio();
        }
        if (text.startsWith("tcp:")) {
            return tcp(text, address(text, "tcp:"));
        }
        if (text.startsWith("unix:")) {
            return unix(text, address(text, "unix:"));
        }
        throw new UsageException("-gdb " + text + ": no such target" + KNOWN);
    }

    /// What stands before the properties, which are checked.
    private static String address(String text, String scheme) {
        var values = KeyValues.parse("-gdb", text.substring(scheme.length()), "path");
        values.without("path").forEach((key, value) -> {
            if (!SOCKET.getOrDefault(key, Set.of()).contains(value)) {
                throw new UsageException("-gdb " + text + ": Invalid parameter '" + key + "=" + value + "'");
            }
        });
        return values.get("path", "");
    }

    private static GdbTarget tcp(String text, String address) {
        var place = HostPort.parse(address)
                .orElseThrow(() -> new UsageException("-gdb " + text + ": no such address" + KNOWN))
                .orHost(LOCAL);
        return new GdbTarget.Tcp(place.host(), place.port());
    }

    private static GdbTarget unix(String text, String path) {
        try {
            if (!path.isEmpty()) {
                return new GdbTarget.Unix(Path.of(path).toAbsolutePath());
            }
        } catch (InvalidPathException e) {
            // The same as none.
        }
        throw new UsageException("-gdb " + text + ": no such file" + KNOWN);
    }
}
