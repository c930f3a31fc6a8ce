package io.sluice.vmm.trace;

/// Where records go. Any thread; must not block for long and must not throw.
public interface TraceSink {
    void accept(TraceRecord told);
}
