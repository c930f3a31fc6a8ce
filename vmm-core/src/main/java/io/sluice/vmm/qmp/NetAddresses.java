package io.sluice.vmm.qmp;

import io.vertx.core.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Vert.x's words for our addresses, and ours for its failures.
final class NetAddresses {
    private NetAddresses() {}

    static SocketAddress of(QmpAddress address, @Nullable UnixSocketFile file) {
        return switch (address) {
            case QmpAddress.Unix unix ->
                SocketAddress.domainSocketAddress((file == null ? unix.path() : file.bindPath()).toString());
            case QmpAddress.Tcp tcp -> SocketAddress.inetSocketAddress(tcp.port(), tcp.host());
            case QmpAddress.Fd fd -> throw new IllegalStateException("not for " + fd);
            case QmpAddress.Stdio stdio -> throw new IllegalStateException("not for " + stdio);
        };
    }

    static String plain(QmpAddress address) {
        var text = address.toString();
        return text.substring(text.indexOf(':') + 1);
    }

    static String reason(Throwable failure) {
        var text = String.valueOf(failure.getMessage());
        if (failure instanceof UnknownHostException) {
            return "Name or service not known";
        }
        for (var known : List.of(
                "Address already in use",
                "Connection refused",
                "Permission denied",
                "No such file or directory",
                "Cannot assign requested address")) {
            if (text.contains(known)) {
                return known;
            }
        }
        return text.lines().findFirst().orElse("unknown");
    }
}
