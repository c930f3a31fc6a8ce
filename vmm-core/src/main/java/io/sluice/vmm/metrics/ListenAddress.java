package io.sluice.vmm.metrics;

import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.socket.HostPort;
import io.sluice.vmm.socket.SocketReason;
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
            return new HostPort(address.getAddress().getHostAddress(), port).toString();
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

    /// A port alone is one of this host's.
    private static Inet inet(String text) {
        var place = HostPort.parse(text.indexOf(':') < 0 ? ":" + text : text).orElseThrow(() -> malformed(text));
        try {
            var address =
                    place.host().isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(place.host());
            return new Inet(text, new InetSocketAddress(address, place.port()));
        } catch (UnknownHostException e) {
            throw new PluginException("listen=" + text + ": " + SocketReason.of(e), e);
        }
    }

    private static PluginException malformed(String text) {
        return new PluginException("listen=" + text + ": use HOST:PORT or unix:PATH");
    }
}
