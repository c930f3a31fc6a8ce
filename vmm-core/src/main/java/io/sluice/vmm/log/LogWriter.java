package io.sluice.vmm.log;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// Writes texts to one stream on a thread of its own, `log`, which lives from the first text to [#close].
///
/// What waits is bounded in texts and in characters. When there is no room a text is dropped and counted, and the count
/// is written where the texts are missing. Only who says so waits a moment, and only for a file on a disk: a disk is no
/// reader that may never come back.
final class LogWriter implements AutoCloseable {
    private static final int MOST_TEXTS = 1 << 14;
    private static final int MOST_CHARACTERS = 1 << 22;
    private static final int BUFFER = 1 << 16;
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_WORDS_MILLIS = 1000;
    private static final long IDLE_MILLIS = 500;
    private static final long NAP_NANOS = 50_000;
    /// Wakes the thread; itself writes nothing.
    private static final String WAKE = "";

    private final OutputStream out;
    private final boolean ownsStream;
    private final boolean onDisk;
    private final LongFunction<String> lost;
    private final ArrayBlockingQueue<String> queue = new ArrayBlockingQueue<>(MOST_TEXTS);
    private final AtomicInteger characters = new AtomicInteger();
    private final AtomicLong dropped = new AtomicLong();
    private volatile boolean closing;
    /// [#close] has waited long enough; what is left is lost.
    private volatile boolean abandoned;
    /// Waiting was in vain; nobody waits again before something has been written.
    private volatile boolean stuck;
    private volatile @Nullable Thread thread;

    private LogWriter(OutputStream out, boolean ownsStream, boolean onDisk, LongFunction<String> lost) {
        this.out = out;
        this.ownsStream = ownsStream;
        this.onDisk = onDisk;
        this.lost = lost;
    }

    /// Over a stream that stays open.
    ///
    /// @param lost the text for so many lost lines
    static LogWriter over(OutputStream stream, LongFunction<String> lost) {
        return new LogWriter(stream, false, false, lost);
    }

    /// Over a file, which is emptied.
    static LogWriter file(Path path, LongFunction<String> lost) throws IOException {
        var channel = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        var stream = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
        return new LogWriter(stream, true, Files.isRegularFile(path), lost);
    }

    /// Takes a text. Any thread.
    ///
    /// @param mayWait the caller waits a moment if a disk is slower than it
    void put(String text, boolean mayWait) {
        if (thread == null) {
            start();
        }
        if (!offer(text) && !(mayWait && onDisk && offerPatiently(text))) {
            dropped.incrementAndGet();
        }
    }

    private synchronized void start() {
        if (thread == null && !closing) {
            var writer = new Thread(this::live, "log");
            writer.setDaemon(true);
            writer.start();
            thread = writer;
        }
    }

    private boolean offer(String text) {
        if (closing || characters.get() > MOST_CHARACTERS) {
            return false;
        }
        characters.addAndGet(text.length());
        if (queue.offer(text)) {
            return true;
        }
        characters.addAndGet(-text.length());
        return false;
    }

    private boolean offerPatiently(String text) {
        long end = System.nanoTime() + LONGEST_WAIT_NANOS;
        while (!stuck && !closing) {
            LockSupport.parkNanos(this, NAP_NANOS);
            if (offer(text)) {
                return true;
            }
            stuck = System.nanoTime() - end > 0;
        }
        return false;
    }

    // ---- the writer's thread

    private void live() {
        try {
            while (!abandoned && (!closing || !queue.isEmpty())) {
                var text = queue.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS);
                if (text != null) {
                    characters.addAndGet(-text.length());
                    writeWithLosses(text);
                }
            }
            if (!abandoned) {
                writeWithLosses(WAKE);
            }
        } catch (InterruptedException e) {
            // Only [#close] interrupts, and then nothing is to be written any more.
            abandoned = true;
        }
        closeStream();
    }

    private void writeWithLosses(String text) {
        long gap = dropped.getAndSet(0);
        try {
            if (gap != 0) {
                out.write(lost.apply(gap).getBytes(StandardCharsets.UTF_8));
            }
            out.write(text.getBytes(StandardCharsets.UTF_8));
            if (queue.isEmpty()) {
                out.flush();
            }
            stuck = false;
        } catch (IOException e) {
            // A full disk or a reader that is gone: lost as well, and told once writing works again.
            dropped.addAndGet(gap + 1);
        }
    }

    private void closeStream() {
        try {
            if (ownsStream) {
                out.close();
            }
        } catch (IOException e) {
            // There is nowhere left to say so.
            stuck = true;
        }
    }

    /// Writes what waits, for a second at most, and ends the thread.
    @Override
    public void close() {
        Thread writer;
        synchronized (this) {
            closing = true;
            writer = thread;
        }
        if (writer == null) {
            closeStream();
            return;
        }
        queue.offer(WAKE);
        try {
            writer.join(LAST_WORDS_MILLIS);
            abandoned = true;
            writer.interrupt();
            writer.join(LAST_WORDS_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
