package io.sluice.vfio.iommufd;

/// A device under the name that a guest of a VIOMMU has for it. It goes when the device does; its id stays taken then.
final class Vdevice extends IommuObject {
    private final Viommu viommu;
    private final IommufdDevice device;
    private final long virtId;

    Vdevice(Viommu viommu, IommufdDevice device, long virtId) {
        this.viommu = viommu;
        this.device = device;
        this.virtId = virtId;
        viommu.users++;
        device.vdevice = this;
    }

    Viommu viommu() {
        return viommu;
    }

    IommufdDevice device() {
        return device;
    }

    long virtId() {
        return virtId;
    }

    @Override
    void destroyed() {
        device.vdevice = null;
        viommu.unplug(this);
        viommu.users--;
    }

    @Override
    String kind() {
        return "virtual device";
    }
}
