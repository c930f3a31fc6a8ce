package io.sluice.vmm.qmp;

import io.sluice.vmm.posix.Libc;
import io.sluice.vmm.posix.PollSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/// Waits on descriptors that are not Java's: Vert.x has no way to take an inherited socket, nor standard input. One
/// thread for one endpoint, which is there only if the endpoint is of that kind.
final class FdThread {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int MAX_CLIENTS = 4096;
    private static final short BROKEN = PollSet.ERROR | PollSet.HANGUP | PollSet.INVALID;

    private final int event;
    private final IntConsumer accepted;
    private final List<FdWire> wires = new ArrayList<>();
    private volatile int listening = PollSet.NOTHING;
    private volatile boolean closing;

    /// @param accepted takes clients of a listening socket, on the thread
    FdThread(IntConsumer accepted) {
        this.accepted = accepted;
        event = Libc.newEvent();
        if (event < 0) {
            throw new QmpOpenException("no file descriptor is left");
        }
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
        Libc.signal(event);
    }

    private void run() {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(BUFFER_BYTES);
            var fds = new PollSet(arena, 2 + 2 * MAX_CLIENTS);
            while (!closing || !wires.isEmpty()) {
                turn(fds, buffer);
            }
        }
        // The counter stays open: a late wake() must not write into somebody else's file.
    }

    private void turn(PollSet fds, MemorySegment buffer) {
        wires.removeIf(FdWire::reap);
        if (closing && listening != PollSet.NOTHING) {
            Libc.close(listening);
            listening = PollSet.NOTHING;
        }
        int count = wires.size();
        fds.set(0, event, PollSet.IN);
        fds.set(1, count < MAX_CLIENTS ? listening : PollSet.NOTHING, PollSet.IN);
        for (int i = 0; i < count; i++) {
            var wire = wires.get(i);
            fds.set(2 + 2 * i, wire.wantsInput() ? wire.readFd() : PollSet.NOTHING, PollSet.IN);
            fds.set(3 + 2 * i, wire.wantsOutput() ? wire.writeFd() : PollSet.NOTHING, PollSet.OUT);
        }
        if ((closing && count == 0) || !fds.await(2 + 2 * count, -1)) {
            return;
        }
        if (fds.happened(0) != 0) {
            Libc.clear(event, buffer);
        }
        if (fds.happened(1) != 0) {
            accept();
        }
        for (int i = 0; i < count; i++) {
            serve(wires.get(i), fds.happened(2 + 2 * i), fds.happened(3 + 2 * i), buffer);
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
            fd = wires.size() < MAX_CLIENTS ? Libc.accept(listening) : PollSet.NOTHING;
        }
    }
}
