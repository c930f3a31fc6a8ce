package io.sluice.samples.mbochs;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import java.util.Arrays;
import java.util.List;

/// The parent device: a pool of 256 MiB from which displays take their memory.
public final class MbochsDriver implements MdevDriver {
    static final String NAME = "mbochs";
    static final int POOL_MEBIBYTES = 256;

    private final List<MdevType> types =
            Arrays.stream(MbochsModel.values()).map(MbochsModel::type).toList();
    private int free = POOL_MEBIBYTES;

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
        return free / MbochsModel.of(type).mebibytes;
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        var model = MbochsModel.of(type);
        if (free < model.mebibytes) {
            throw new HostException(Errno.ENOSPC, NAME + "-" + type.name());
        }
        var device = new MbochsDevice(model, context, () -> free += model.mebibytes);
        free -= model.mebibytes;
        return device;
    }
}
