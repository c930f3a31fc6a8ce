package io.sluice.vmm.bus;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One requester's way into an address space: it remembers which devices answered, so a repeated access needs no
/// search. Owned by the requester's thread.
///
/// What it remembers belongs to one version of the map and is forgotten when the map changes, so it can be useless but
/// never wrong. The `speed` guest measures what it saves.
public sealed class Route permits MeteredRoute {
    private static final int PLACES = 64;

    private final AddressSpace space;
    private final Mapping.@Nullable Device[] devices = new Mapping.Device[PLACES];
    private int version;

    public Route(AddressSpace space) {
        this.space = space;
        this.version = space.version();
    }

    /// The same way, but one that counts and times what goes to devices; it costs more.
    public static Route metered(AddressSpace space, TrapMeter meter) {
        return new MeteredRoute(space, meter);
    }

    /// As [AddressSpace#read].
    public long read(long address, int size) {
        var device = device(address, size);
        return device != null ? Transactions.read(device, address, size) : space.read(address, size);
    }

    /// As [AddressSpace#write].
    public void write(long address, int size, long value) {
        var device = device(address, size);
        if (device != null) {
            Transactions.write(device, address, size, value);
        } else {
            space.write(address, size, value);
        }
    }

    /// The device that answers all of the access, if it is one.
    final Mapping.@Nullable Device device(long address, int size) {
        int now = space.version();
        if (now != version) {
            Arrays.fill(devices, null);
            version = now;
        }
        int place = (int) (address ^ address >>> 12) & PLACES - 1;
        var device = devices[place];
        if (device != null && covers(device, address, size)) {
            return device;
        }
        if (!(space.find(address) instanceof Mapping.Device found) || !covers(found, address, size)) {
            return null;
        }
        // If the map changed meanwhile, the next access notices.
        devices[place] = found;
        return found;
    }

    final boolean isRam(long address) {
        return space.find(address).asRam() != null;
    }

    private static boolean covers(Mapping.Device device, long address, int size) {
        return Long.compareUnsigned(address, device.first()) >= 0
                && Long.compareUnsigned(device.last() - address, size - 1L) >= 0
                && Long.compareUnsigned(address, device.last()) <= 0;
    }
}
