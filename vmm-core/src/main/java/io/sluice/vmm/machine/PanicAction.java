package io.sluice.vmm.machine;

import io.sluice.vmm.machine.MachineEvents.PanicOutcome;
import io.sluice.vmm.qapi.QapiEnum;

/// What a panic of the guest's kernel does to the machine (`-action panic=…`).
public enum PanicAction implements QapiEnum {
    /// It ends, and the process says so with its status.
    EXIT_FAILURE(PanicOutcome.POWEROFF),
    /// It ends in good order.
    SHUTDOWN(PanicOutcome.POWEROFF),
    PAUSE(PanicOutcome.PAUSE),
    NONE(PanicOutcome.RUN);

    private final PanicOutcome outcome;

    PanicAction(PanicOutcome outcome) {
        this.outcome = outcome;
    }

    PanicOutcome outcome() {
        return outcome;
    }
}
