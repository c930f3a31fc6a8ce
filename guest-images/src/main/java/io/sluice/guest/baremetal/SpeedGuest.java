package io.sluice.guest.baremetal;

import io.sluice.guest.GuestCache;
import io.sluice.vmm.plugin.GuestImage;
import io.sluice.vmm.plugin.PreparedGuest;
import io.sluice.vmm.plugin.Progress;
import java.util.List;

/// The bare-metal guest that measures the machine it runs on.
public final class SpeedGuest implements GuestImage {
    private final GuestCache cache;

    public SpeedGuest(GuestCache cache) {
        this.cache = cache;
    }

    @Override
    public String name() {
        return "speed";
    }

    @Override
    public String description() {
        return "bare-metal guest that measures instructions and traps, and powers off";
    }

    @Override
    public PreparedGuest prepare(Progress progress) {
        var kernel = cache.exclusively(() -> cache.storeByContent("speed", ".elf", new SpeedKernel().image()));
        return new PreparedGuest(kernel, null, "", List.of("-device", "edu"), SpeedKernel.DONE);
    }
}
