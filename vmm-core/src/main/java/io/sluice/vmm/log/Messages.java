package io.sluice.vmm.log;

import io.sluice.vmm.trace.Trace;
import io.sluice.vmm.trace.TraceRecord;
import io.sluice.vmm.trace.TraceSink;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The program's messages on standard error. There is one while the program runs; SLF4J's loggers bring it what they
/// are given, from any thread.
public final class Messages implements TraceSink, AutoCloseable {
    private static final AtomicReference<@Nullable Messages> CURRENT = new AtomicReference<>();

    private final LogWriter writer;
    private final @Nullable Messages before;
    private volatile MessageStyle style = MessageStyle.PLAIN;
    private volatile RecordFormat format = style.format();
    private volatile @Nullable Trace trace;
    private final AtomicInteger owners = new AtomicInteger();

    private Messages(OutputStream stream) {
        this.writer = LogWriter.over(stream, lines -> format.lost(lines));
        this.before = CURRENT.get();
    }

    /// From now on messages go to `stream`, until this is closed.
    public static Messages to(OutputStream stream) {
        var messages = new Messages(stream);
        CURRENT.set(messages);
        return messages;
    }

    /// Where messages go now; null if nobody wants them.
    static @Nullable Messages current() {
        return CURRENT.get();
    }

    public void style(MessageStyle wanted) {
        style = wanted;
        format = wanted.format();
    }

    /// Standard error belongs to lines of JSON from now on.
    void useJson() {
        style(style.withJson());
    }

    /// A machine's log on standard error: lines that come here by no other way.
    public TraceSink log() {
        return told -> {
            if (owners.get() == 0) {
                accept(told);
            }
        };
    }

    /// Somebody brings all of the machine's log here from now on, so [#log] does not.
    void own() {
        owners.incrementAndGet();
    }

    void disown() {
        owners.decrementAndGet();
    }

    /// Whoever listens to a machine's log hears the messages too.
    public void tell(Trace machine) {
        trace = machine;
    }

    /// One message. Any thread; never waits.
    void publish(Level level, String text) {
        accept(new TraceRecord(
                Instant.now(), level, null, text, Thread.currentThread().getName()));
        var listening = trace;
        if (listening != null) {
            listening.message(level, text);
        }
    }

    /// A line on standard error.
    @Override
    public void accept(TraceRecord told) {
        writer.put(format.format(told), false);
    }

    /// Writes what waits, for a second at most.
    @Override
    public void close() {
        CURRENT.compareAndSet(this, before);
        writer.close();
    }
}
