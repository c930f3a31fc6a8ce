package io.sluice.vmm.app;

import io.sluice.vmm.posix.Libc;
import io.sluice.vmm.posix.PollSet;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// The main thread at work: carries guest output to its files and keys to the guest, and does what it is asked to,
/// until it is told to stop. It sleeps in poll(2) while there is nothing to do.
final class Console {
    /// After output the thread looks again this often, so that a guest that prints byte by byte need not signal each.
    private static final int BUSY_MILLIS = 2;

    private static final int BUSY_ROUNDS = 5;

    private final ConsoleWaker waker;
    private final List<ConsoleChannel> files;
    private final @Nullable ConsoleChannel interactive;
    private final @Nullable EscapeFilter escapes;
    private final InputStream input = new FileInputStream(FileDescriptor.in);
    private final byte[] typed = new byte[4096];
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;
    private boolean inputEnded;
    private boolean outputGone;

    /// @param interactive the channel on standard input and output, one of `channels`, if there is one
    /// @param escapes takes Ctrl-A keys out of the input; null if standard input is no terminal
    Console(
            ConsoleWaker waker,
            List<ConsoleChannel> channels,
            @Nullable ConsoleChannel interactive,
            @Nullable EscapeFilter escapes) {
        this.waker = waker;
        this.files = channels.stream().filter(channel -> channel != interactive).toList();
        this.interactive = interactive;
        this.escapes = escapes;
    }

    /// Any thread: the console's thread does `task` soon, in the order in which tasks came.
    void execute(Runnable task) {
        tasks.add(task);
        waker.wake();
    }

    /// Any thread: [#run] returns soon, with all output that was there written.
    void stop() {
        stopped = true;
        waker.wake();
    }

    /// Whether standard output's reader has gone away; what the guest writes there is lost.
    boolean outputGone() {
        return outputGone;
    }

    /// Works until [#stop], or until standard output's reader is gone.
    ///
    /// @throws IOException if a file cannot be written
    void run() throws IOException {
        try (var arena = Arena.ofConfined()) {
            var poll = new Waiting(arena);
            int idle = 0;
            while (!stopped && !outputGone) {
                idle = work(poll, idle < BUSY_ROUNDS) ? 0 : idle + 1;
            }
        }
        writeFiles();
        while (interactive != null && interactive.hasOutput()) {
            writeOutput(interactive);
        }
    }

    /// One round; `true` if there was something to do.
    private boolean work(Waiting poll, boolean busy) throws IOException {
        boolean worked = writeFiles() | runTasks();
        if (busy) {
            poll.await(BUSY_MILLIS);
        } else {
            waker.sleeps();
            poll.await(stopped || !tasks.isEmpty() || files.stream().anyMatch(ConsoleChannel::hasOutput) ? 0 : -1);
            waker.wakes();
        }
        if (interactive != null && poll.isReady(Waiting.INPUT)) {
            readInput(interactive);
            worked = true;
        }
        if (interactive != null && poll.isReady(Waiting.OUTPUT)) {
            writeOutput(interactive);
            worked = true;
        }
        return worked;
    }

    private boolean runTasks() {
        boolean ran = false;
        for (var task = tasks.poll(); task != null && !stopped; task = tasks.poll()) {
            task.run();
            ran = true;
        }
        return ran;
    }

    private boolean writeFiles() throws IOException {
        boolean wrote = false;
        for (var channel : files) {
            while (channel.hasOutput()) {
                channel.writeSome();
                wrote = true;
            }
        }
        return wrote;
    }

    private void readInput(ConsoleChannel channel) {
        try {
            int length = input.read(typed, 0, Math.min(typed.length, channel.inputSpace()));
            if (length < 0) {
                inputEnded = true;
                channel.inputEnded();
            } else {
                channel.deliver(typed, escapes == null ? length : escapes.filter(typed, length));
            }
        } catch (IOException e) {
            inputEnded = true; // the terminal hung up: the same as the end of a file
            channel.inputEnded();
        }
    }

    private void writeOutput(ConsoleChannel channel) {
        try {
            channel.writeSome();
        } catch (IOException e) {
            outputGone = true;
            channel.discard();
        }
    }

    /// What the console's thread waits for: the waker, standard input, standard output.
    private final class Waiting {
        static final int WAKER = 0;
        static final int INPUT = 1;
        static final int OUTPUT = 2;
        private static final int COUNT = 3;

        private final PollSet fds;
        private final MemorySegment scratch;

        Waiting(Arena arena) {
            fds = new PollSet(arena, COUNT);
            scratch = arena.allocate(8, 8);
        }

        /// Waits at most `millis` milliseconds, -1 for ever. Standard output is waited for only while something is
        /// to be written, standard input only while the guest has room for it.
        void await(int millis) {
            boolean reads = interactive != null && !inputEnded && interactive.inputSpace() > 0;
            boolean writes = interactive != null && interactive.hasOutput();
            fds.set(WAKER, waker.descriptor(), PollSet.IN);
            fds.set(INPUT, reads ? Libc.STDIN : PollSet.NOTHING, PollSet.IN);
            fds.set(OUTPUT, writes ? Libc.STDOUT : PollSet.NOTHING, PollSet.OUT);
            fds.await(COUNT, millis);
            if (isReady(WAKER)) {
                Libc.clear(waker.descriptor(), scratch);
            }
        }

        /// Errors and hang-ups count: the read or write then says what is wrong.
        boolean isReady(int index) {
            return fds.happened(index) != 0;
        }
    }
}
