package io.sluice.samples.mtty;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.vfio.DmaLogOps;
import io.sluice.vfio.vfio.MigrationOps;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioInterrupts;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import java.util.ArrayList;
import java.util.List;

/// One card: a port in BAR 0, for the dual card another in BAR 1, and one interrupt line for both.
final class MttyDevice implements MdevDevice {
    private final MdevContext context;
    private final Runnable giveBack;
    private final MttyConfig config;
    private final UartPort[] ports;
    private final MttyMigration migration;
    private int causes;

    MttyDevice(int portCount, MdevContext context, Runnable giveBack) {
        this.context = context;
        this.giveBack = giveBack;
        this.config = new MttyConfig(portCount);
        this.ports = new UartPort[portCount];
        for (int i = 0; i < portCount; i++) {
            ports[i] = new UartPort(context::after, context::nanos, this::settle);
        }
        this.migration = new MttyMigration(ports, this::settle);
    }

    @Override
    public MigrationOps migration() {
        return migration;
    }

    /// It writes no memory, so nothing of it is ever dirty.
    @Override
    public DmaLogOps dmaLog() {
        return context.dirtyPages();
    }

    /// What it has no vectors of, it has no handler for.
    @Override
    public int setIrqs(SetIrqs request, VfioInterrupts interrupts) {
        boolean known = request.index() >= 0 && request.index() < VfioIrq.values().length;
        if (known && vectors(VfioIrq.values()[request.index()]) == 0) {
            throw new HostException(Errno.ENOTTY, VfioIrq.values()[request.index()] + " is not offered");
        }
        return MdevDevice.super.setIrqs(request, interrupts);
    }

    @Override
    public List<VfioRegion> regions() {
        var regions = new ArrayList<VfioRegion>();
        for (int index = 0; index < VfioRegion.PCI_REGIONS; index++) {
            long size = index < ports.length ? UartReg.COUNT : index == VfioRegion.CONFIG ? MttyConfig.SIZE : 0;
            regions.add(VfioRegion.trapped(size));
        }
        return regions;
    }

    @Override
    public int vectors(VfioIrq irq) {
        return switch (irq) {
            case INTX, MSI -> 1;
            case MSIX, ERR, REQ -> 0;
        };
    }

    /// Frozen for a migration, a port neither answers nor changes.
    private boolean isStill(int region) {
        return region != VfioRegion.CONFIG && !context.isRunning();
    }

    @Override
    public long read(int region, long offset, int size) {
        if (isStill(region)) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            int at = (int) offset + i;
            long one = region == VfioRegion.CONFIG ? config.readByte(at) : ports[region].read(at);
            value |= one << 8 * i;
        }
        settle();
        return value;
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        if (isStill(region)) {
            return;
        }
        for (int i = 0; i < size; i++) {
            int at = (int) offset + i;
            int one = (int) (value >> 8 * i) & 0xFF;
            if (region == VfioRegion.CONFIG) {
                config.writeByte(at, one);
            } else {
                ports[region].write(at, one);
            }
        }
        settle();
    }

    /// The line is up while any port has a cause; a message goes out for each cause that is new.
    private void settle() {
        int now = 0;
        for (int i = 0; i < ports.length; i++) {
            now |= ports[i].causes() << 8 * i;
        }
        int fresh = now & ~causes;
        causes = now;
        context.intx(now != 0);
        if (fresh != 0) {
            context.msi(0);
        }
    }

    @Override
    public void reset() {
        config.reset();
        for (var port : ports) {
            port.freeze(false);
            port.reset();
        }
        settle();
    }

    @Override
    public void close() {
        giveBack.run();
    }
}
