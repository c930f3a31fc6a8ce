package io.sluice.vmm.app;

import io.sluice.vmm.machine.CharBackend;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/// One serial port's way to the outside: a ring for each direction between the port's strand and the console's thread.
final class ConsoleChannel implements CharBackend {
    private static final int OUTPUT_BYTES = 1 << 16;
    private static final int INPUT_BYTES = 1 << 12;

    private final ByteRing output = new ByteRing(OUTPUT_BYTES);
    private final ByteRing input = new ByteRing(INPUT_BYTES);
    private final ConsoleWaker waker;
    private final OutputStream stream;
    private final byte[] chunk = new byte[4096];
    private volatile boolean refused;
    private volatile boolean inputWaits;
    private volatile @Nullable Listener listener;
    private Runnable whenEnded = () -> {};

    /// @param stream where the output goes, written by the console's thread only
    ConsoleChannel(ConsoleWaker waker, OutputStream stream) {
        this.waker = waker;
        this.stream = stream;
    }

    @Override
    public boolean write(byte octet) {
        if (!output.offer(octet)) {
            refused = true;
            if (!output.offer(octet)) {
                return false;
            }
        }
        waker.wake();
        return true;
    }

    @Override
    public int read() {
        int octet = input.poll();
        if (inputWaits && octet >= 0) {
            inputWaits = false;
            waker.wake();
        }
        return octet;
    }

    @Override
    public void listen(Listener toTell) {
        listener = toTell;
    }

    /// Console's thread: says who is told when there will be no more input.
    void whenEnded(Runnable toTell) {
        whenEnded = toTell;
    }

    /// Console's thread: there will be no more input.
    void inputEnded() {
        whenEnded.run();
    }

    /// Console's thread: whether output waits.
    boolean hasOutput() {
        return output.size() > 0;
    }

    /// Console's thread: writes a piece of what waits; a piece small enough that a pipe that can be written takes it
    /// without blocking.
    void writeSome() throws IOException {
        int length = output.peek(chunk);
        stream.write(chunk, 0, length);
        output.skip(length);
        var told = listener;
        if (refused && told != null) {
            refused = false;
            told.writable();
        }
    }

    /// Console's thread: drops what waits, for a reader that is gone.
    void discard() {
        output.skip(output.size());
    }

    /// Console's thread: how many bytes [#deliver] takes now; if none, the guest's next read wakes the console.
    int inputSpace() {
        if (input.space() == 0) {
            inputWaits = true;
        }
        return input.space();
    }

    /// Console's thread: brings input, at most [#inputSpace] bytes.
    void deliver(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            if (!input.offer(bytes[i])) {
                throw new IllegalStateException("more console input than there was room for");
            }
        }
        var told = listener;
        if (length > 0 && told != null) {
            told.readable();
        }
    }

    /// Ends the stream; standard output stays open.
    void close() throws IOException {
        stream.close();
    }
}
