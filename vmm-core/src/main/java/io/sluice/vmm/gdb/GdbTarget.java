package io.sluice.vmm.gdb;

import java.nio.file.Path;

/// Where a debugger is waited for.
public sealed interface GdbTarget {
    /// @param port 0 for any that is free
    record Tcp(String host, int port) implements GdbTarget {}

    record Unix(Path path) implements GdbTarget {}

    /// Standard input and output.
    record Stdio() implements GdbTarget {}
}
