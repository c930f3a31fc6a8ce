package io.sluice.vmm.log;

import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.TraceRecord;
import io.sluice.vmm.trace.TraceSink;
import java.io.IOException;
import java.nio.file.Path;

/// A file that records go to, as lines of text or of JSON.
public final class LogFile implements TraceSink, AutoCloseable {
    private final RecordFormat format;
    private final LogWriter writer;

    private LogFile(RecordFormat format, LogWriter writer) {
        this.format = format;
        this.writer = writer;
    }

    /// Opens a file, emptying it; `%d` in its name stands for the number of this process.
    public static LogFile text(String name) throws IOException {
        return open(name, new TextFormat(false, null));
    }

    static LogFile open(String name, RecordFormat format) throws IOException {
        return new LogFile(format, LogWriter.file(path(name), format::lost));
    }

    /// @throws IOException if there is more than one `%`, or it is not `%d`
    static Path path(String name) throws IOException {
        int percent = name.indexOf('%');
        if (percent < 0) {
            return Path.of(name);
        }
        if (!name.startsWith("%d", percent) || name.indexOf('%', percent + 1) >= 0) {
            throw new IOException("invalid log file name '" + name + "': only one %d is allowed, for the process");
        }
        return Path.of(name.replace("%d", Long.toString(ProcessHandle.current().pid())));
    }

    @Override
    public void accept(TraceRecord told) {
        writer.put(format.format(told), mayWait(told));
    }

    static boolean mayWait(TraceRecord told) {
        Item item = told.item();
        return item != null && item.isOfVcpu();
    }

    /// Writes what waits, for a second at most.
    @Override
    public void close() {
        writer.close();
    }
}
