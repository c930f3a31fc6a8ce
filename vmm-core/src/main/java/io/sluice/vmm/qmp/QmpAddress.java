package io.sluice.vmm.qmp;

import io.sluice.vmm.socket.HostPort;
import java.nio.file.Path;

/// Where a control socket is.
public sealed interface QmpAddress {
    /// A socket in the file system.
    record Unix(Path path) implements QmpAddress {
        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /// @param port 0 for one that is free
    record Tcp(String host, int port) implements QmpAddress {
        @Override
        public String toString() {
            return "tcp:" + new HostPort(host, port);
        }
    }

    /// A file descriptor that this process has inherited: a socket that listens, or one that is connected.
    record Fd(int number) implements QmpAddress {
        @Override
        public String toString() {
            return "fd:" + number;
        }
    }

    /// Standard input and output.
    record Stdio() implements QmpAddress {
        @Override
        public String toString() {
            return "stdio";
        }
    }
}
