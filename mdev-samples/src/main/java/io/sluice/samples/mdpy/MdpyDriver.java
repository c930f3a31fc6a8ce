package io.sluice.samples.mdpy;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import java.util.Arrays;
import java.util.List;

/// The parent device: at most four framebuffers, of whatever types.
public final class MdpyDriver implements MdevDriver {
    static final String NAME = "mdpy";
    static final int MOST = 4;

    private final List<MdevType> types =
            Arrays.stream(MdpyMode.values()).map(MdpyMode::type).toList();
    private int made;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<MdevType> types() {
        return types;
    }

    @Override
    public int available(MdevType type, int used) {
        return MOST - made;
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        if (made == MOST) {
            throw new HostException(Errno.EUSERS, NAME + "-" + type.name());
        }
        var device = new MdpyDevice(MdpyMode.of(type), context, () -> made--);
        made++;
        return device;
    }
}
