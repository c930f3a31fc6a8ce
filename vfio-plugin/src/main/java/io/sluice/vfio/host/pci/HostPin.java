package io.sluice.vfio.host.pci;

import io.sluice.vmm.irq.IrqLine;

/// What a function's INTx pin is wired to. On the function's strand.
final class HostPin implements IrqLine {
    private IrqLine line = IrqLine.NONE;
    private boolean level;

    void wire(IrqLine to) {
        line = to;
        if (level) {
            line.set(true);
        }
    }

    @Override
    public void set(boolean high) {
        level = high;
        line.set(high);
    }
}
