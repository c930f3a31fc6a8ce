package io.sluice.vmm.app;

import io.sluice.vmm.qmp.QmpAddress;
import io.sluice.vmm.qmp.QmpEndpoint;
import io.sluice.vmm.socket.HostPort;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A character device that the command line describes: a socket, or standard input and output.
///
/// @param waits whether the machine waits for the first client
record Chardev(String id, QmpAddress address, boolean server, boolean waits, int reconnectSeconds) {
    private static final Set<String> SOCKET_KEYS = Set.of(
            "id", "path", "host", "port", "fd", "server", "wait", "reconnect", "nodelay", "delay", "ipv4", "ipv6");
    private static final List<String> FLAGS = List.of("server", "wait", "nodelay", "delay", "ipv4", "ipv6");
    private static final List<String> PLACES = List.of("path", "host", "fd");

    /// Makes a control socket of it.
    QmpEndpoint endpoint(boolean pretty) {
        return new QmpEndpoint(id, address, server, waits, reconnectSeconds, pretty);
    }

    static Chardev stdio(String id) {
        return new Chardev(id, new QmpAddress.Stdio(), false, false, 0);
    }

    /// @param said the option and its text, for messages
    /// @param given the properties, without the name of the backend
    static Chardev socket(String said, String id, Map<String, String> given) {
        return new Reading(said, given).read(id);
    }

    private record Reading(String said, Map<String, String> given) {
        Chardev read(String id) {
            given.keySet().forEach(this::check);
            boolean server = flag("server", false);
            int reconnect = number("reconnect", 0, Integer.MAX_VALUE);
            if (!server && has("wait")) {
                throw refused("'wait' option is incompatible with socket in client connect mode");
            }
            if (server && reconnect > 0) {
                throw refused("'reconnect' option is incompatible with socket in server listen mode");
            }
            if (given.containsKey("fd") && reconnect > 0) {
                throw refused("'reconnect' option is incompatible with 'fd'");
            }
            return new Chardev(id, address(), server, server && flag("wait", true), reconnect);
        }

        private void check(String key) {
            if (!SOCKET_KEYS.contains(key) && !isOldSpelling(key)) {
                throw refused("Invalid parameter '" + key + "'");
            }
        }

        /// `nowait` for `wait=off`.
        private static boolean isOldSpelling(String key) {
            return key.startsWith("no") && FLAGS.contains(key.substring(2));
        }

        private boolean has(String flag) {
            return given.containsKey(flag) || given.containsKey("no" + flag);
        }

        private boolean flag(String key, boolean otherwise) {
            if (given.containsKey("no" + key)) {
                return false;
            }
            var value = given.get(key);
            if (value == null) {
                return otherwise;
            }
            return switch (value) {
                case "on", "yes", "true", "y" -> true;
                case "off", "no", "false", "n" -> false;
                default -> throw refused("Parameter '" + key + "' expects 'on' or 'off'");
            };
        }

        private QmpAddress address() {
            var places = PLACES.stream().filter(given::containsKey).toList();
            if (places.size() != 1) {
                throw refused("socket needs exactly one of 'path', 'host' and 'fd'");
            }
            return switch (places.getFirst()) {
                case "path" -> new QmpAddress.Unix(path(value("path")));
                case "fd" -> new QmpAddress.Fd(number("fd", -1, Integer.MAX_VALUE));
                default -> tcp();
            };
        }

        private QmpAddress tcp() {
            if (!given.containsKey("port")) {
                throw refused("socket: no port given");
            }
            var host = value("host");
            return new QmpAddress.Tcp(host.isEmpty() ? "0.0.0.0" : host, number("port", -1, HostPort.MAX_PORT));
        }

        private Path path(String text) {
            try {
                if (text.isEmpty()) {
                    throw refused("socket: no path given");
                }
                return Path.of(text);
            } catch (InvalidPathException e) {
                throw refused("'" + text + "' is not a file name");
            }
        }

        private String value(String key) {
            return given.getOrDefault(key, "");
        }

        private int number(String key, int otherwise, int most) {
            var text = given.get(key);
            if (text == null) {
                return otherwise;
            }
            if (!text.matches("\\d{1,10}") || Long.parseLong(text) > most) {
                throw refused("Parameter '" + key + "' expects a number from 0 to " + most);
            }
            return Integer.parseInt(text);
        }

        private UsageException refused(String reason) {
            return new UsageException(said + ": " + reason);
        }
    }

    /// The properties of `unix:PATH,…` and `tcp:HOST:PORT,…`; null if it is neither.
    static @Nullable Map<String, String> shorthand(String option, String text) {
        if (text.startsWith("unix:")) {
            return KeyValues.parse(option, text.substring("unix:".length()), "path")
                    .all();
        }
        if (!text.startsWith("tcp:")) {
            return null;
        }
        int comma = text.indexOf(',');
        var place = text.substring("tcp:".length(), comma < 0 ? text.length() : comma);
        var address = HostPort.parse(place)
                .orElseThrow(() -> new UsageException(option + " " + text + ": use tcp:HOST:PORT"));
        var values = KeyValues.parse(option, comma < 0 ? "" : "server=off" + text.substring(comma), "server")
                .all();
        if (comma >= 0 && !text.substring(comma).matches(".*,server(=|,|$).*")) {
            values.remove("server");
        }
        values.put("host", address.host());
        values.put("port", Integer.toString(address.port()));
        return values;
    }
}
