package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vfio.vfio.VfioFeature;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The low power feature: the user lends the function to the host's power management. It sleeps in D3hot; an access by
/// the device's file wakes it for as long as it takes, an access to a mapping finds it shut. On the function's strand.
final class LowPower {
    private static final int ENTRY = 3;
    private static final int ENTRY_WITH_WAKEUP = 4;
    private static final int EXIT = 5;

    private final PowerState power;
    private final Runnable changed;
    private boolean entered;
    private int before;
    private @Nullable Eventfd wakeup;

    /// @param changed told when mappings are to be shut or opened
    LowPower(PowerState power, Runnable changed) {
        this.power = power;
        this.changed = changed;
    }

    /// LOW_POWER_ENTRY, LOW_POWER_ENTRY_WITH_WAKEUP and LOW_POWER_EXIT; null for any other.
    @Nullable
    VfioFeature feature(int id) {
        return switch (id) {
            case ENTRY -> new Setting(data -> enter(null));
            case ENTRY_WITH_WAKEUP ->
                new Setting(data -> {
                    if (!(data instanceof FeatureData.Wakeup asked)) {
                        throw new HostException(Errno.EINVAL, "an eventfd is wanted");
                    }
                    enter(asked.eventfd());
                });
            case EXIT -> new Setting(data -> exit());
            default -> null;
        };
    }

    private record Setting(Consumer<FeatureData> setter) implements VfioFeature {
        @Override
        public int operations() {
            return SET;
        }

        @Override
        public void set(FeatureData data) {
            setter.accept(data);
        }
    }

    boolean isEntered() {
        return entered;
    }

    void enter(@Nullable Eventfd told) {
        if (entered) {
            throw new HostException(Errno.EINVAL, "low power was entered already");
        }
        entered = true;
        wakeup = told;
        before = power.now();
        changed.run();
        power.set(PowerState.D3_HOT);
    }

    void exit() {
        if (entered) {
            power.set(before);
            forget();
            changed.run();
        }
    }

    /// Wakes for good, and tells the user if he wants to know.
    void wake() {
        if (!entered) {
            return;
        }
        var told = wakeup;
        if (told == null) {
            return; // it sleeps on when the host has done with it
        }
        exit();
        told.signal();
    }

    /// Does something that needs it awake.
    long awake(LongSupplier access) {
        if (!entered) {
            return access.getAsLong();
        }
        power.set(before);
        try {
            return access.getAsLong();
        } finally {
            if (wakeup != null) {
                wake();
            } else {
                before = power.now();
                power.set(PowerState.D3_HOT);
            }
        }
    }

    void forget() {
        entered = false;
        wakeup = null;
    }
}
