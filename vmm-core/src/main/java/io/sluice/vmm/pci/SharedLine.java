package io.sluice.vmm.pci;

import io.sluice.vmm.irq.IrqLine;
import java.util.concurrent.atomic.AtomicInteger;

/// A wired-OR of several level-triggered inputs, each set from a strand of its own. Never blocks: the thread that
/// comes first sets the line for all that come while it does.
final class SharedLine {
    private final IrqLine line;
    private final AtomicInteger asserted = new AtomicInteger();
    private final AtomicInteger turns = new AtomicInteger();

    SharedLine(IrqLine line) {
        this.line = line;
    }

    /// A new input, released. One strand sets it.
    IrqLine input() {
        return new Input();
    }

    private void settle() {
        if (turns.getAndIncrement() != 0) {
            return; // whoever is at it looks again
        }
        int seen;
        do {
            seen = turns.get();
            line.set(asserted.get() > 0);
        } while (!turns.compareAndSet(seen, 0));
    }

    private final class Input implements IrqLine {
        private boolean level;

        @Override
        public void set(boolean high) {
            if (level != high) {
                level = high;
                asserted.addAndGet(high ? 1 : -1);
                settle();
            }
        }
    }
}
