package io.sluice.vmm.testkit;

import io.sluice.vmm.irq.IrqLine;

/// A wire that remembers its level and how often it rose.
public final class RecordingLine implements IrqLine {
    private boolean level;
    private int rises;

    @Override
    public void set(boolean asserted) {
        if (asserted && !level) {
            rises++;
        }
        level = asserted;
    }

    public boolean level() {
        return level;
    }

    public int rises() {
        return rises;
    }
}
