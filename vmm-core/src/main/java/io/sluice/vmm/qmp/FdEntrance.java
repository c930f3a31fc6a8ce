package io.sluice.vmm.qmp;

import io.sluice.vmm.posix.Libc;
import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;

/// Inherited descriptors: a socket that listens, one that is connected, or standard input and output.
final class FdEntrance implements Entrance {
    private static final int STDIN = 0;
    private static final int STDOUT = 1;

    private final QmpEndpoint endpoint;
    private final Host host;
    private final Inbox inbox;
    private final FdThread thread = new FdThread(this::accepted);

    FdEntrance(QmpEndpoint endpoint, Host host, Inbox inbox) {
        this.endpoint = endpoint;
        this.host = host;
        this.inbox = inbox;
    }

    @Override
    public CompletableFuture<QmpAddress> open() {
        try {
            if (endpoint.address() instanceof QmpAddress.Fd fd) {
                open(fd.number());
            } else {
                connect(new FdWire(thread, inbox, STDIN, STDOUT, false));
                thread.start(-1);
            }
            return CompletableFuture.completedFuture(endpoint.address());
        } catch (QmpOpenException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void open(int fd) {
        switch (kind(fd)) {
            case LISTENING -> {
                if (!endpoint.server()) {
                    throw new QmpOpenException("fd " + fd + " is a socket that listens: say server=on");
                }
                Libc.neverBlock(fd);
                thread.start(fd);
            }
            case CONNECTED -> {
                if (endpoint.server()) {
                    throw new QmpOpenException("fd " + fd + " is a socket that does not listen: say server=off");
                }
                connect(new FdWire(thread, inbox, fd, fd, true));
                thread.start(-1);
            }
            case NO_SOCKET -> throw new QmpOpenException("fd " + fd + " is not a socket");
            case CLOSED -> throw new QmpOpenException("fd " + fd + " is not open");
        }
    }

    private static Libc.Kind kind(int fd) {
        try (var arena = Arena.ofConfined()) {
            return Libc.kind(fd, arena.allocate(Long.BYTES, Long.BYTES));
        }
    }

    /// On the thread.
    private void accepted(int fd) {
        connect(new FdWire(thread, inbox, fd, fd, true));
    }

    private void connect(FdWire wire) {
        thread.add(wire);
        inbox.post(() -> {
            var session = host.arrived(wire);
            wire.listen(session);
            host.welcome(session);
        });
    }

    @Override
    public void close() {
        thread.close();
    }

    @Override
    public void removeFile() {
        // whoever gave us the descriptor has the file
    }
}
