package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.NestedDomain;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.memory.HostFrames;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an IOMMU's driver does for virtual IOMMUs of one type. Called with the context's lock held: it must not call
/// back into the context, nor wait.
public interface ViommuDriver {
    /// Makes the hardware's part of a virtual IOMMU.
    ///
    /// @param parent the guest's memory
    /// @param host what it may call
    /// @param data of the driver's own kind
    /// @throws io.sluice.vfio.host.HostException if it cannot be made
    Port create(IommuUnit unit, PagingDomain parent, Host host, @Nullable Object data);

    /// The hardware's part of one virtual IOMMU. What it does not override it does not support.
    interface Port {
        /// What the driver tells who made it.
        default @Nullable Object answer() {
            return null;
        }

        /// Puts a guest's tables on the parent.
        ///
        /// @throws io.sluice.vfio.host.HostException EOPNOTSUPP if it knows no such data
        default NestedDomain newNested(int dataType, Object data) {
            throw ViommuRequests.unsupported("nested tables");
        }

        /// A device is given a name in the guest.
        ///
        /// @throws io.sluice.vfio.host.HostException if it cannot have it
        default void plugged(IommuDevice device, long virtId) {}

        /// It is taken away.
        default void unplugged(IommuDevice device, long virtId) {}

        /// The guest has changed something.
        ///
        /// @return how many entries were done
        /// @throws io.sluice.vfio.host.HostException with that as its count
        default int invalidate(int dataType, List<?> entries) {
            throw ViommuRequests.unsupported("invalidation");
        }

        /// Whether it has events of a type.
        default boolean tellsOf(int eventType) {
            return false;
        }

        /// How many queues of a type can be given away.
        default int queues(int queueType) {
            return 0;
        }

        /// Gives a queue away, whose memory is pinned.
        ///
        /// @throws io.sluice.vfio.host.HostException EIO if it is not its turn
        default void openQueue(int queueType, int index, HostFrames.Run memory) {}

        /// Takes it back.
        default void closeQueue(int queueType, int index) {}

        /// The virtual IOMMU goes.
        default void closed() {}
    }

    /// What a driver may call, on any thread.
    interface Host {
        /// Tells the guest of something; dropped if nobody listens or too much is kept already.
        void event(int type, byte[] payload);

        /// Offers frames for [Iommufd#mmap]; while the virtual IOMMU is being made only.
        ///
        /// @return the offset to map them by
        long offer(HostFrames.Run memory);

        /// What the guest calls a device; -1 if it does not know it.
        long virtIdOf(IommuDevice device);
    }
}
