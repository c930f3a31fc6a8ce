package io.sluice.vfio.vfio;

import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vmm.address.Bdf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Devices that are reset together. Its lock is the outermost: who binds, attaches, opens, closes or resets one of them
/// has it.
public final class DeviceSet {
    /// A slot or a bus that can be reset.
    public interface SlotReset {
        /// Every function that it resets.
        List<Affected> affected();

        /// Resets it. Their groups are staged for as long as that lasts.
        ///
        /// @throws HostException EBUSY if that cannot be now; then nothing was reset
        void reset();
    }

    /// One function that is reset, whoever drives it.
    public record Affected(int segment, Bdf bdf, @Nullable IommuGroup group) {}

    private final @Nullable SlotReset slot;

    private DeviceSet(@Nullable SlotReset slot) {
        this.slot = slot;
    }

    /// A device that is reset alone.
    public static DeviceSet alone() {
        return new DeviceSet(null);
    }

    /// Devices of a slot or a bus.
    public static DeviceSet of(SlotReset slot) {
        return new DeviceSet(slot);
    }

    @Nullable
    SlotReset slot() {
        return slot;
    }
}
