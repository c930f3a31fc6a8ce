package io.sluice.vmm.qmp;

import io.sluice.vmm.socket.SocketFile;
import io.vertx.core.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// Vert.x's words for our addresses.
final class NetAddresses {
    private NetAddresses() {}

    static SocketAddress of(QmpAddress address, @Nullable SocketFile file) {
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
}
