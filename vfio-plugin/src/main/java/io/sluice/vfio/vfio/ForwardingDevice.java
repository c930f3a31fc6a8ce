package io.sluice.vfio.vfio;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.memory.GuestRam;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A device that asks another one everything; who extends it does some of it himself.
public abstract class ForwardingDevice implements VfioDeviceOps {
    private final VfioDeviceOps device;

    protected ForwardingDevice(VfioDeviceOps device) {
        this.device = device;
    }

    @Override
    public List<VfioRegion> regions() {
        return device.regions();
    }

    @Override
    public boolean hasRegion(int index) {
        return device.hasRegion(index);
    }

    @Override
    public int vectors(VfioIrq irq) {
        return device.vectors(irq);
    }

    @Override
    public int irqFlags(VfioIrq irq) {
        return device.irqFlags(irq);
    }

    @Override
    public long read(int region, long offset, int size) {
        return device.read(region, offset, size);
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        device.write(region, offset, size, value);
    }

    @Override
    public void reset() {
        device.reset();
    }

    @Override
    public @Nullable MappedDevice mapped(int region) {
        return device.mapped(region);
    }

    @Override
    public void resetBegins() {
        device.resetBegins();
    }

    @Override
    public void resetEnds() {
        device.resetEnds();
    }

    @Override
    public boolean canReset() {
        return device.canReset();
    }

    @Override
    public void opened(VfioInterrupts interrupts) {
        device.opened(interrupts);
    }

    @Override
    public void closed() {
        device.closed();
    }

    @Override
    public int setIrqs(SetIrqs request, VfioInterrupts interrupts) {
        return device.setIrqs(request, interrupts);
    }

    @Override
    public List<VfioCapability> capabilities() {
        return device.capabilities();
    }

    @Override
    public @Nullable MigrationOps migration() {
        return device.migration();
    }

    @Override
    public @Nullable DmaLogOps dmaLog() {
        return device.dmaLog();
    }

    @Override
    public @Nullable VfioFeature feature(int id) {
        return device.feature(id);
    }

    @Override
    public @Nullable IommuDevice iommu() {
        return device.iommu();
    }

    @Override
    public boolean takesIoeventfd(int region, long offset, int size) {
        return device.takesIoeventfd(region, offset, size);
    }

    @Override
    public boolean takesPasids() {
        return device.takesPasids();
    }

    @Override
    public boolean takesRequester() {
        return device.takesRequester();
    }

    @Override
    public void attached(int pasid) {
        device.attached(pasid);
    }

    @Override
    public void detached(int pasid) {
        device.detached(pasid);
    }

    @Override
    public void bound(@Nullable IommufdAccess access) {
        device.bound(access);
    }

    @Override
    public boolean needsPinnedPages() {
        return device.needsPinnedPages();
    }

    @Override
    public void unmapped(Iova iova, long length) {
        device.unmapped(iova, length);
    }

    @Override
    public void checkToken(@Nullable UUID token) {
        device.checkToken(token);
    }

    @Override
    public void released() {
        device.released();
    }

    @Override
    public @Nullable GuestRam memory(int region) {
        return device.memory(region);
    }

    @Override
    public GfxPlane queryGfxPlane(GfxPlane.Query query) {
        return device.queryGfxPlane(query);
    }

    @Override
    public DmaBuf getGfxDmaBuf(int id) {
        return device.getGfxDmaBuf(id);
    }
}
