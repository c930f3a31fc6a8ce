package io.sluice.vmm.socket;

import java.util.Optional;
import java.util.regex.Pattern;

/// Host and port as users write them: `HOST:PORT`, an IPv6 address in brackets. The host may be left out; what that
/// means is up to the user of this.
///
/// @param host without brackets; empty if it was left out
public record HostPort(String host, int port) {
    public static final int MAX_PORT = 0xFFFF;

    private static final Pattern FORM = Pattern.compile("(?:\\[([^\\[\\]]*)]|([^\\[\\]:]*)):(\\d{1,5})");

    /// Nothing if `text` is none.
    public static Optional<HostPort> parse(String text) {
        var parts = FORM.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(3)) > MAX_PORT) {
            return Optional.empty();
        }
        var bracketed = parts.group(1);
        return Optional.of(
                new HostPort(bracketed == null ? parts.group(2) : bracketed, Integer.parseInt(parts.group(3))));
    }

    /// This, or the same port of `other` if there is no host.
    public HostPort orHost(String other) {
        return host.isEmpty() ? new HostPort(other, port) : this;
    }

    /// As in a URL.
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
