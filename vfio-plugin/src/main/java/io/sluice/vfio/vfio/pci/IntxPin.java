package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.VfioInterrupts;
import io.sluice.vmm.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/// The function's INTx pin for its user. Level-triggered: the host masks the pin, by the function's INTx disable bit,
/// before it signals, and the user has it unmasked when he has dealt with it.
///
/// There are two reasons to mask, and each keeps the pin quiet by itself: SET_IRQS with the automatic mask, and the
/// INTx disable bit that the user writes into configuration space. On the function's strand.
final class IntxPin {
    private final PciFunction function;
    private final HardwareConfig hardware;
    private final Runnable unmasked = this::unmaskFromAnywhere;
    private @Nullable VfioInterrupts interrupts;
    private @Nullable Eventfd trigger;
    private @Nullable Eventfd unmaskedBy;
    private boolean on;
    private boolean masked;
    private boolean disabled;

    IntxPin(PciFunction function, HardwareConfig hardware) {
        this.function = function;
        this.hardware = hardware;
    }

    boolean isOn() {
        return on;
    }

    /// A new user; by his configuration space the pin is as `disabledByConfig` says.
    void opened(VfioInterrupts told, boolean disabledByConfig) {
        interrupts = told;
        disabled = disabledByConfig;
        masked = false;
    }

    /// Who is signalled; null for nobody. Turns the pin on if it was off.
    void trigger(@Nullable Eventfd eventfd) {
        trigger = eventfd;
        if (!on) {
            on = true;
            masked = false;
        }
        settle();
    }

    void off() {
        if (on) {
            unmaskBy(null);
            on = false;
            masked = false;
            trigger = null;
            settle();
        }
    }

    void mask() {
        masked = true;
        settle();
    }

    void unmask() {
        masked = false;
        settle();
    }

    /// Another eventfd that unmasks when it is signalled; null for none.
    void unmaskBy(@Nullable Eventfd eventfd) {
        if (eventfd != null) {
            eventfd.listen(unmasked);
        }
        var before = unmaskedBy;
        unmaskedBy = eventfd;
        if (before != null) {
            before.ignore(unmasked);
        }
    }

    private void unmaskFromAnywhere() {
        function.strand().post(() -> {
            if (on && unmaskedBy != null) {
                unmask();
            }
        });
    }

    /// The user's INTx disable bit.
    void disable(boolean byConfig) {
        disabled = byConfig;
        settle();
    }

    /// Signals as a test, whatever the pin's level is.
    void signal() {
        var told = interrupts;
        if (told != null && trigger != null) {
            told.signal(trigger);
        }
    }

    /// The host's end of the wire.
    void level(boolean asserted) {
        if (asserted && on && !masked && !disabled) {
            fire();
        }
    }

    private void fire() {
        masked = true;
        hardware.command(0, HardwareConfig.INTX_DISABLE);
        signal();
    }

    /// Brings the function's own bit in line; a pin that is asserted when it would be let through is told at once, and
    /// stays masked.
    void settle() {
        if (masked || disabled) {
            hardware.command(0, HardwareConfig.INTX_DISABLE);
        } else if (on && (hardware.get(HardwareConfig.STATUS, 2) & HardwareConfig.INTX_STATUS) != 0) {
            fire();
        } else {
            hardware.command(HardwareConfig.INTX_DISABLE, 0);
        }
    }
}
