package io.sluice.vmm.qmp;

/// One control socket.
///
/// @param id name of the character device, as `query-chardev` and `yank` have it
/// @param server whether clients connect to us, not we to somebody
/// @param waits whether the machine waits for the first client before it starts
/// @param reconnectSeconds how long after a connection of ours has ended it is tried again; 0 for never
/// @param pretty whether messages go out in many lines
public record QmpEndpoint(
        String id, QmpAddress address, boolean server, boolean waits, int reconnectSeconds, boolean pretty) {}
