package io.sluice.vmm.log;

import io.sluice.vmm.trace.TraceRecord;

/// How a record is written. Each text ends with a line's end.
interface RecordFormat {
    String format(TraceRecord told);

    /// What is written in the place of lines that were lost.
    String lost(long lines);
}
