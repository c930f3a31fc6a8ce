package io.sluice.vmm.metrics;

import io.sluice.vmm.plugin.PluginException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// Where to listen.
sealed interface ListenAddress {
    /// The text that users write.
    String text();

    record Inet(String text, InetSocketAddress address) implements ListenAddress {
        /// As in a URL.
        String withPort(int port) {
            var host = address.getAddress().getHostAddress();
            return (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":" + port;
        }
    }

    record Unix(String text, Path path) implements ListenAddress {}

    String UNIX = "unix:";

    /// @throws PluginException if it is none
    static ListenAddress parse(String text) {
        return text.startsWith(UNIX) ? unix(text) : inet(text);
    }

    private static Unix unix(String text) {
        try {
            var path = text.substring(UNIX.length());
            if (!path.isEmpty()) {
                return new Unix(text, Path.of(path).toAbsolutePath());
            }
        } catch (InvalidPathException e) {
            throw new PluginException("listen=" + text + ": not a path", e);
        }
        throw new PluginException("listen=" + text + ": the path is missing");
    }

    private static Inet inet(String text) {
        int colon = text.lastIndexOf(':');
        var host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            throw malformed(text);
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (port < 0 || port > 0xFFFF) {
                throw malformed(text);
            }
            var address = host.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(host);
            return new Inet(text, new InetSocketAddress(address, port));
        } catch (NumberFormatException e) {
            throw malformed(text);
        } catch (UnknownHostException e) {
            throw new PluginException("listen=" + text + ": no such host", e);
        }
    }

    private static PluginException malformed(String text) {
        return new PluginException("listen=" + text + ": use HOST:PORT or unix:PATH");
    }
}
