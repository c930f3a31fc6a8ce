package io.sluice.vmm.app;

import java.io.PrintStream;

/// How a bug of ours is told: one line, and the trace only to those who ask for it.
final class InternalError {
    static final int STATUS = 70;
    private static final boolean TRACE = System.getenv("SLUICE_TRACE") != null;

    private InternalError() {}

    static void report(PrintStream err, Throwable failure) {
        err.println("sluice: internal error: " + failure + (TRACE ? "" : " (SLUICE_TRACE=1 shows where)"));
        if (TRACE) {
            failure.printStackTrace(err);
        }
    }
}
