package io.sluice.vmm.machine;

import java.nio.file.Path;

/// Where the bytes of a serial port go to and come from.
public sealed interface CharTarget {
    /// Standard input and output.
    ///
    /// @param interrupts whether the terminal's own interrupt key (Ctrl-C) still ends the process
    record Stdio(boolean interrupts) implements CharTarget {}

    /// A file takes the output; there is no input.
    record File(Path path, boolean append) implements CharTarget {}

    /// Output is swallowed; there is no input. The port exists.
    record Discard() implements CharTarget {}

    /// The port does not exist.
    record Absent() implements CharTarget {}
}
