package io.sluice.vmm.irq;

import static io.sluice.vmm.irq.ApicReg.LVT_ERROR;
import static io.sluice.vmm.irq.ApicReg.LVT_LINT0;
import static io.sluice.vmm.irq.ApicReg.LVT_LINT1;
import static io.sluice.vmm.irq.ApicReg.LVT_TIMER;

/// What the APIC raises by itself: timer, pins and errors, each by its entry of the local vector table. Belongs to the
/// vCPU's thread.
final class LocalInterrupts {
    static final int FIRST_LEGAL_VECTOR = 16;

    private final InterruptQueue queue;
    private final ApicErrors errors;
    private final VcpuPort vcpu;
    private final LocalVectorTable table;
    private final ApicTimer timer;

    LocalInterrupts(InterruptQueue queue, ApicErrors errors, VcpuPort vcpu, LocalVectorTable table, ApicTimer timer) {
        this.queue = queue;
        this.errors = errors;
        this.vcpu = vcpu;
        this.table = table;
        this.timer = timer;
    }

    /// An interrupt from within: whether the vector is newly requested.
    boolean accept(int vector, boolean level, int errorIfIllegal) {
        if (vector < FIRST_LEGAL_VECTOR) {
            error(errorIfIllegal);
            return true;
        }
        return queue.accept(vector, level);
    }

    void error(int bits) {
        errors.gather(bits);
        int vector = table.vector(LVT_ERROR);
        // An illegal vector here would be an error about an error: it raises nothing.
        if (!table.isMasked(LVT_ERROR) && vector >= FIRST_LEGAL_VECTOR) {
            queue.accept(vector, false);
        }
    }

    void timerExpired() {
        if (table.isMasked(LVT_TIMER)) {
            timer.forgive();
        } else if (!accept(table.vector(LVT_TIMER), false, ApicErrors.RECEIVE_VECTOR)) {
            timer.owe();
        }
    }

    /// Looks at a pin, [ApicReg#LVT_LINT0] or [ApicReg#LVT_LINT1].
    void look(ApicReg entry, LintPin pin) {
        boolean rose = pin.takeRise();
        if (table.isMasked(entry)) {
            return;
        }
        switch (table.mode(entry)) {
            case FIXED -> fixed(entry, pin, rose);
            case NMI -> {
                if (rose) {
                    vcpu.nmi();
                }
            }
            case SMI -> {
                if (rose) {
                    vcpu.smi();
                }
            }
            case INIT -> {
                if (rose) {
                    vcpu.init();
                }
            }
            // The PICs' interrupts are not requested here: LocalApic#extIntWanted looks at the level.
            case EXT_INT, LOWEST_PRIORITY, STARTUP, RESERVED -> {}
        }
    }

    private void fixed(ApicReg entry, LintPin pin, boolean rose) {
        // Only LINT0 can be level-triggered (SDM 3A 10.5.1).
        if (entry == LVT_LINT1 || !table.isLevel(entry)) {
            if (rose) {
                accept(table.vector(entry), false, ApicErrors.RECEIVE_VECTOR);
            }
        } else if (pin.level() && !table.remoteIrr(entry)) {
            table.setRemoteIrr(entry, true);
            accept(table.vector(entry), true, ApicErrors.RECEIVE_VECTOR);
        }
    }

    /// The guest ended `vector`: a level pin may ask again, and a late timer tick is made up for.
    void ended(int vector) {
        if (queue.isLevel(vector) && table.remoteIrr(LVT_LINT0) && table.vector(LVT_LINT0) == vector) {
            table.setRemoteIrr(LVT_LINT0, false);
        }
        if (vector == table.vector(LVT_TIMER) && !table.isMasked(LVT_TIMER) && timer.takeBacklog()) {
            queue.accept(vector, false);
        }
    }
}
