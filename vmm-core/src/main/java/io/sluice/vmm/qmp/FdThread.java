package io.sluice.vmm.qmp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/// Waits on descriptors that are not Java's: Vert.x has no way to take an inherited socket, nor standard input. One
/// thread for one endpoint, which is there only if the endpoint is of that kind.
final class FdThread {
    private static final int POLLFD_BYTES = 8;
    private static final int EVENTS_AT = 4;
    private static final int REVENTS_AT = 6;
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int NO_FD = -1;
    private static final int MAX_CLIENTS = 4096;
    private static final short BROKEN = Libc.POLLERR | Libc.POLLHUP | Libc.POLLNVAL;

    private final int event = Libc.newEvent();
    private final IntConsumer accepted;
    private final List<FdWire> wires = new ArrayList<>();
    private volatile int listening = NO_FD;
    private volatile boolean closing;

    /// @param accepted takes clients of a listening socket, on the thread
    FdThread(IntConsumer accepted) {
        this.accepted = accepted;
    }

    /// Before [#start], or on the thread.
    void add(FdWire wire) {
        wires.add(wire);
    }

    void start(int listeningFd) {
        listening = listeningFd;
        var thread = new Thread(this::run, "qmp-fds");
        thread.setDaemon(true);
        thread.start();
    }

    /// Takes no more clients, and ends with the last that is there.
    void close() {
        closing = true;
        wake();
    }

    void wake() {
        try (var arena = Arena.ofConfined()) {
            var one = arena.allocate(ValueLayout.JAVA_LONG);
            one.set(ValueLayout.JAVA_LONG, 0, 1);
            Libc.write(event, one, Long.BYTES);
        }
    }

    private void run() {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(BUFFER_BYTES);
            var fds = arena.allocate((2L + 2L * MAX_CLIENTS) * POLLFD_BYTES, POLLFD_BYTES);
            while (!closing || !wires.isEmpty()) {
                turn(fds, buffer);
            }
        }
        // The counter stays open: a late wake() must not write into somebody else's file.
    }

    private void turn(MemorySegment fds, MemorySegment buffer) {
        wires.removeIf(FdWire::reap);
        if (closing && listening != NO_FD) {
            Libc.close(listening);
            listening = NO_FD;
        }
        int count = wires.size();
        set(fds, 0, event, Libc.POLLIN);
        set(fds, 1, count < MAX_CLIENTS ? listening : NO_FD, Libc.POLLIN);
        for (int i = 0; i < count; i++) {
            var wire = wires.get(i);
            set(fds, 2 + 2 * i, wire.wantsInput() ? wire.readFd() : NO_FD, Libc.POLLIN);
            set(fds, 3 + 2 * i, wire.wantsOutput() ? wire.writeFd() : NO_FD, Libc.POLLOUT);
        }
        if ((closing && count == 0) || Libc.poll(fds, 2 + 2 * count) <= 0) {
            return;
        }
        if (happened(fds, 0) != 0) {
            Libc.read(event, buffer, Long.BYTES);
        }
        if (happened(fds, 1) != 0) {
            accept();
        }
        for (int i = 0; i < count; i++) {
            serve(wires.get(i), happened(fds, 2 + 2 * i), happened(fds, 3 + 2 * i), buffer);
        }
    }

    private static void serve(FdWire wire, short in, short out, MemorySegment buffer) {
        if (in != 0) {
            wire.receive(buffer, (in & BROKEN) != 0);
        }
        if (out != 0) {
            wire.send(buffer, (out & BROKEN) != 0);
        }
    }

    private void accept() {
        int fd = Libc.accept(listening);
        while (fd >= 0) {
            accepted.accept(fd);
            fd = wires.size() < MAX_CLIENTS ? Libc.accept(listening) : NO_FD;
        }
    }

    private static void set(MemorySegment fds, int index, int fd, short events) {
        long at = (long) index * POLLFD_BYTES;
        fds.set(ValueLayout.JAVA_INT, at, fd);
        fds.set(ValueLayout.JAVA_SHORT, at + EVENTS_AT, events);
        fds.set(ValueLayout.JAVA_SHORT, at + REVENTS_AT, (short) 0);
    }

    private static short happened(MemorySegment fds, int index) {
        return fds.get(ValueLayout.JAVA_SHORT, (long) index * POLLFD_BYTES + REVENTS_AT);
    }
}
