package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;
import io.sluice.vmm.address.Bdf;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The requests of a vfio device file, as the kernel's headers name them.
public final class DeviceRequests {
    private DeviceRequests() {}

    /// VFIO_DEVICE_BIND_IOMMUFD. Answers the device's id in the iommufd.
    ///
    /// @param flags [#BIND_TOKEN]
    /// @param iommufd the descriptor of the iommufd
    /// @param token with [#BIND_TOKEN]
    public record BindIommufd(
            int flags, int iommufd, @Nullable UUID token) implements Request<Integer> {
        public BindIommufd(int iommufd) {
            this(0, iommufd, null);
        }
    }

    public static final int BIND_TOKEN = 1;

    /// VFIO_DEVICE_ATTACH_IOMMUFD_PT. Answers the id of the page table in use.
    ///
    /// @param flags [#ATTACH_PASID]
    public record AttachIommufdPt(int flags, int ptId, int pasid) implements Request<Integer> {
        public AttachIommufdPt(int ptId) {
            this(0, ptId, 0);
        }
    }

    /// VFIO_DEVICE_DETACH_IOMMUFD_PT.
    ///
    /// @param flags [#ATTACH_PASID]
    public record DetachIommufdPt(int flags, int pasid) implements Request<Nothing> {
        public DetachIommufdPt() {
            this(0, 0);
        }
    }

    public static final int ATTACH_PASID = 1;

    /// VFIO_DEVICE_GET_INFO.
    public record GetInfo() implements Request<VfioDevice.Info> {}

    /// VFIO_DEVICE_GET_REGION_INFO.
    public record GetRegionInfo(int index) implements Request<VfioDevice.RegionInfo> {}

    /// VFIO_DEVICE_GET_IRQ_INFO.
    public record GetIrqInfo(int index) implements Request<VfioIrq.Info> {}

    /// VFIO_DEVICE_SET_IRQS. Answers 0, or how many vectors there could be if not as many as asked.
    ///
    /// @param eventfds descriptors, -1 for none
    public record SetIrqsByFile(int flags, int index, int start, int count, List<Boolean> bools, List<Integer> eventfds)
            implements Request<Integer> {
        public SetIrqsByFile {
            bools = List.copyOf(bools);
            eventfds = List.copyOf(eventfds);
        }

        /// Lets vectors `start` and up signal these.
        public static SetIrqsByFile trigger(VfioIrq irq, int start, List<Integer> eventfds) {
            return new SetIrqsByFile(
                    SetIrqs.DATA_EVENTFD | SetIrqs.ACTION_TRIGGER,
                    irq.ordinal(),
                    start,
                    eventfds.size(),
                    List.of(),
                    eventfds);
        }

        /// A request without data.
        public static SetIrqsByFile none(int action, VfioIrq irq, int start, int count) {
            return new SetIrqsByFile(SetIrqs.DATA_NONE | action, irq.ordinal(), start, count, List.of(), List.of());
        }
    }

    /// VFIO_DEVICE_RESET.
    public record Reset() implements Request<Nothing> {}

    /// VFIO_DEVICE_GET_PCI_HOT_RESET_INFO.
    ///
    /// @param room how many entries the caller has room for
    public record GetHotResetInfo(int room) implements Request<HotResetInfo> {}

    /// @param flags [#HOT_RESET_DEV_ID], [#HOT_RESET_DEV_ID_OWNED]
    public record HotResetInfo(int flags, List<HotResetEntry> entries) {
        public HotResetInfo {
            entries = List.copyOf(entries);
        }
    }

    /// @param id the group, or with [#HOT_RESET_DEV_ID] the device's id in the iommufd: 0 if it is not bound but owned,
    ///     -1 if it is not owned
    public record HotResetEntry(int id, int segment, Bdf bdf) {}

    public static final int HOT_RESET_DEV_ID = 1;
    public static final int HOT_RESET_DEV_ID_OWNED = 2;

    /// VFIO_DEVICE_PCI_HOT_RESET.
    ///
    /// @param groups descriptors of groups; none for a device that is bound to an iommufd
    public record HotReset(int flags, List<Integer> groups) implements Request<Nothing> {
        public HotReset {
            groups = List.copyOf(groups);
        }
    }

    /// VFIO_DEVICE_IOEVENTFD.
    ///
    /// @param flags bytes that are written: 1, 2 or 4
    /// @param offset place in the device's file
    /// @param fd the eventfd, or -1 to remove it
    public record Ioeventfd(int flags, long offset, long data, int fd) implements Request<Nothing> {}

    /// VFIO_DEVICE_FEATURE.
    ///
    /// @param flags a feature's number with [VfioFeature#GET], [VfioFeature#SET], [VfioFeature#PROBE]
    public record Feature(int flags, FeatureData data) implements Request<FeatureData> {
        public Feature(int flags) {
            this(flags, new FeatureData.None());
        }
    }

    /// VFIO_DEVICE_QUERY_GFX_PLANE.
    public record QueryGfxPlane(GfxPlane.Query query) implements Request<GfxPlane> {}

    /// VFIO_DEVICE_GET_GFX_DMABUF. Answers a descriptor.
    public record GetGfxDmabuf(int id) implements Request<Integer> {}
}
