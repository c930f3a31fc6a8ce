package io.sluice.samples.mtty;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import java.util.List;

/// The parent device: a pool of 24 ports from which cards with one or two ports are made.
public final class MttyDriver implements MdevDriver {
    static final int POOL = 24;

    private static final MdevType SINGLE =
            new MdevType("1", "Single port serial", "", MdevType.VFIO_PCI, MdevType.DRIVER_COUNTS);
    private static final MdevType DUAL =
            new MdevType("2", "Dual port serial", "", MdevType.VFIO_PCI, MdevType.DRIVER_COUNTS);

    private int free = POOL;

    @Override
    public String name() {
        return "mtty";
    }

    @Override
    public List<MdevType> types() {
        return List.of(SINGLE, DUAL);
    }

    private static int ports(MdevType type) {
        return type.equals(DUAL) ? 2 : 1;
    }

    @Override
    public int available(MdevType type, int used) {
        return free / ports(type);
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        int ports = ports(type);
        if (free < ports) {
            throw new HostException(Errno.ENOSPC, "mtty-" + type.name());
        }
        free -= ports;
        return new MttyDevice(ports, context, () -> free += ports);
    }
}
