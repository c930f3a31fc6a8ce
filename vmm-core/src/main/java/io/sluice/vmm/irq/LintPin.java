package io.sluice.vmm.irq;

/// One of the APIC's two local pins. A device's strand sets it, the vCPU's thread looks at it.
final class LintPin implements IrqLine {
    private final LocalApic apic;
    private volatile boolean level;
    private volatile boolean rose;

    LintPin(LocalApic apic) {
        this.apic = apic;
    }

    @Override
    public void set(boolean asserted) {
        if (asserted == level) {
            return;
        }
        level = asserted;
        if (asserted) {
            rose = true;
        }
        apic.signal();
    }

    boolean level() {
        return level;
    }

    /// Whether the pin rose since the last call. A rise between the two accesses is the same rise as far as the vCPU
    /// can tell: it has not looked at the pin in between.
    boolean takeRise() {
        if (!rose) {
            return false;
        }
        rose = false;
        return true;
    }

    void restore(boolean savedLevel) {
        level = savedLevel;
        rose = false;
    }
}
