package io.sluice.vfio.host.process;

/// The answer of a request that has none.
public enum Nothing {
    DONE;

    @Override
    public String toString() {
        return "0";
    }
}
