package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioFeature.GET;
import static io.sluice.vfio.vfio.VfioFeature.PROBE;
import static io.sluice.vfio.vfio.VfioFeature.SET;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The features of one device: those of vfio itself, then its driver's. Inside the device's strand.
///
/// A change of the migration state may open a file for the caller, so it is not here but in [VfioDeviceFile], which
/// asks [#check] first.
final class VfioFeatures {
    static final int VF_TOKEN = 0;
    static final int MIGRATION = 1;
    static final int MIG_DEVICE_STATE = 2;
    static final int DMA_LOGGING_START = 6;
    static final int DMA_LOGGING_STOP = 7;
    static final int DMA_LOGGING_REPORT = 8;
    static final int MIG_DATA_SIZE = 9;
    static final int MIG_PRECOPY_INFO2 = 12;

    private static final int NUMBER = 0xFFFF;
    private static final FeatureData NONE = new FeatureData.None();

    private record Own(
            int operations,
            @Nullable Function<FeatureData, FeatureData> getter,
            @Nullable Function<FeatureData, FeatureData> setter) {}

    private final VfioDeviceOps ops;
    private final @Nullable Migration migration;
    private final @Nullable DmaLog log;

    VfioFeatures(VfioDeviceOps ops, @Nullable Migration migration, @Nullable DmaLog log) {
        this.ops = ops;
        this.migration = migration;
        this.log = log;
    }

    static int number(int flags) {
        return flags & NUMBER;
    }

    /// Whether it is more than a probe.
    ///
    /// @throws HostException EINVAL or ENOTTY for what is not to be had
    boolean check(int flags) {
        if ((flags & ~(NUMBER | GET | SET | PROBE)) != 0) {
            throw new HostException(Errno.EINVAL, "unknown flags");
        }
        boolean probe = (flags & PROBE) != 0;
        if (!probe && (flags & GET) != 0 && (flags & SET) != 0) {
            throw new HostException(Errno.EINVAL, "GET and SET at once");
        }
        if ((flags & (GET | SET) & ~operations(number(flags))) != 0) {
            throw new HostException(Errno.EINVAL, "not that way");
        }
        if (!probe && (flags & (GET | SET)) == 0) {
            throw new HostException(Errno.EINVAL, "neither GET nor SET");
        }
        return !probe;
    }

    private int operations(int number) {
        var own = own(number);
        if (own != null) {
            return own.operations;
        }
        var driver = ops.feature(number);
        if (driver == null) {
            throw new HostException(Errno.ENOTTY, "no feature " + number);
        }
        return driver.operations();
    }

    /// What vfio itself answers; null if that is the driver's.
    private @Nullable Own own(int number) {
        var moves = migration;
        var notes = log;
        return switch (number) {
            case MIGRATION ->
                moves == null ? null : new Own(GET, data -> new FeatureData.MigrationFlags(moves.flags()), null);
            case MIG_DEVICE_STATE ->
                moves == null
                        ? null
                        : new Own(
                                GET | SET,
                                data -> new FeatureData.DeviceState(
                                        moves.state().ordinal(), -1),
                                null);
            case MIG_DATA_SIZE ->
                moves == null ? null : new Own(GET, data -> new FeatureData.DataSize(moves.stopCopyLength()), null);
            case MIG_PRECOPY_INFO2 ->
                moves == null
                        ? null
                        : new Own(SET, null, data -> {
                            moves.optIntoReinit();
                            return data;
                        });
            case DMA_LOGGING_START ->
                notes == null
                        ? null
                        : new Own(SET, null, data -> notes.start(as(FeatureData.LoggingStart.class, data)));
            case DMA_LOGGING_STOP ->
                notes == null
                        ? null
                        : new Own(SET, null, data -> {
                            notes.stop();
                            return data;
                        });
            case DMA_LOGGING_REPORT ->
                notes == null
                        ? null
                        : new Own(GET, data -> notes.report(as(FeatureData.LoggingReport.class, data)), null);
            default -> null;
        };
    }

    static <D extends FeatureData> D as(Class<D> kind, FeatureData data) {
        if (!kind.isInstance(data)) {
            throw new HostException(Errno.EINVAL, "not the data of this feature");
        }
        return kind.cast(data);
    }

    /// Does what [#check] has let through.
    FeatureData answer(int flags, FeatureData data) {
        var own = own(number(flags));
        boolean get = (flags & GET) != 0;
        if (own != null) {
            var handler = get ? own.getter : own.setter;
            if (handler == null) {
                throw new IllegalStateException("feature " + number(flags) + " is answered elsewhere");
            }
            return handler.apply(data);
        }
        var driver = ops.feature(number(flags));
        if (driver == null) {
            throw new HostException(Errno.ENOTTY, "no feature " + number(flags));
        }
        if (get) {
            return driver.get(data);
        }
        driver.set(data);
        return NONE;
    }
}
