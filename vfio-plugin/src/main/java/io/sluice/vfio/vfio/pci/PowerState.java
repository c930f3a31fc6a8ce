package io.sluice.vfio.vfio.pci;

import org.jspecify.annotations.Nullable;

/// The function's power state: D0 to D3hot by its power management capability; always D0 without one. A function that
/// forgets its registers in D3hot has them written again. On the function's strand.
final class PowerState {
    private static final int STATE = 3;
    static final int D0 = 0;
    static final int D3_HOT = 3;
    private static final int KEEPS_STATE = 1 << 3;
    private static final int EVENT_STATUS = 1 << 15;

    private final HardwareConfig hardware;
    private final int control;
    private @Nullable SavedState asleep;

    PowerState(HardwareConfig hardware) {
        this.hardware = hardware;
        int capability = hardware.find(ConfigPart.POWER_MANAGEMENT);
        this.control = capability == 0 ? 0 : capability + 4;
    }

    int now() {
        return control == 0 ? D0 : hardware.get(control, 2) & STATE;
    }

    void set(int state) {
        if (control == 0 || state == now()) {
            return;
        }
        int register = hardware.get(control, 2);
        boolean forgets = now() == D3_HOT && (register & KEEPS_STATE) == 0;
        if (state == D3_HOT && (register & KEEPS_STATE) == 0) {
            asleep = new SavedState(hardware);
        }
        // A 1 would clear the status of wake-up events.
        hardware.set(control, 2, register & ~(STATE | EVENT_STATUS) | state);
        var saved = asleep;
        if (forgets && saved != null) {
            asleep = null;
            saved.restore();
        }
    }
}
