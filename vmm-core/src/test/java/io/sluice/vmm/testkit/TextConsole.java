package io.sluice.vmm.testkit;

import io.sluice.vmm.machine.CharBackend;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// The far end of a serial port in a test: keeps all that came, gives what is typed. Any thread.
public final class TextConsole implements CharBackend {
    private final StringBuilder received = new StringBuilder();
    private final ConcurrentLinkedQueue<Byte> typed = new ConcurrentLinkedQueue<>();
    private volatile @Nullable Listener listener;

    @Override
    public boolean write(byte octet) {
        synchronized (received) {
            received.append((char) (octet & 0xFF));
            received.notifyAll();
        }
        return true;
    }

    @Override
    public int read() {
        var octet = typed.poll();
        return octet == null ? -1 : octet & 0xFF;
    }

    @Override
    public void listen(Listener toTell) {
        listener = toTell;
    }

    public void type(String text) {
        for (byte octet : text.getBytes(StandardCharsets.ISO_8859_1)) {
            typed.add(octet);
        }
        var told = listener;
        if (told != null) {
            told.readable();
        }
    }

    /// All that came so far.
    public String text() {
        synchronized (received) {
            return received.toString();
        }
    }

    /// Waits until `text` has come, at `from` or later.
    ///
    /// @return where it ends
    public int await(String text, int from, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        synchronized (received) {
            int at = received.indexOf(text, from);
            while (at < 0) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw new AssertionError(
                            "'" + text + "' did not come within " + limit + "; there is:\n" + received);
                }
                try {
                    received.wait(left);
                } catch (InterruptedException e) {
                    throw new AssertionError("interrupted", e);
                }
                at = received.indexOf(text, from);
            }
            return at + text.length();
        }
    }

    public int await(String text, Duration limit) {
        return await(text, 0, limit);
    }
}
