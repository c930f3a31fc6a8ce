package io.sluice.guest.baremetal;

import io.sluice.guest.GuestCache;
import io.sluice.vmm.plugin.GuestImage;
import io.sluice.vmm.plugin.PreparedGuest;
import io.sluice.vmm.plugin.Progress;
import java.util.List;

/// The bare-metal guest with a small prompt.
public final class HelloGuest implements GuestImage {
    private final GuestCache cache;

    public HelloGuest(GuestCache cache) {
        this.cache = cache;
    }

    @Override
    public String name() {
        return "hello";
    }

    @Override
    public String description() {
        return "bare-metal guest made from source: a prompt on the serial port";
    }

    @Override
    public PreparedGuest prepare(Progress progress) {
        var kernel = cache.exclusively(() -> cache.storeByContent("hello", ".elf", new HelloKernel().image()));
        return new PreparedGuest(kernel, null, "", List.of(), HelloKernel.READY);
    }
}
