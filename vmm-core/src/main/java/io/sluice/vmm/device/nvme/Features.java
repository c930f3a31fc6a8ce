package io.sluice.vmm.device.nvme;

import io.sluice.vmm.loop.MachineClock;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What the guest can set (NVM Express 1.4 section 5.21). Nothing is kept through a reset of the controller.
final class Features {
    /// The composite temperature, in kelvins.
    static final int TEMPERATURE = 323;

    private static final int WARNING_TEMPERATURE = 343;
    private static final int LARGEST_WARNING = 0xFFFF;
    private static final int TIME_BYTES = 8;
    private static final long TIME_MASK = (1L << 48) - 1;
    /// The time was set by the guest.
    private static final int TIME_SET = 1 << 1;

    private static final int SENSOR = 0xF;
    private static final int ALL_SENSORS = 0xF;

    private enum Feature {
        ARBITRATION(0x01, false, 0x07),
        POWER_MANAGEMENT(0x02, false, 0),
        TEMPERATURE_THRESHOLD(0x04, false, WARNING_TEMPERATURE),
        ERROR_RECOVERY(0x05, true, 0),
        VOLATILE_WRITE_CACHE(0x06, false, 1),
        NUMBER_OF_QUEUES(0x07, false, 0),
        INTERRUPT_COALESCING(0x08, false, 0),
        INTERRUPT_VECTOR(0x09, false, 0),
        WRITE_ATOMICITY(0x0A, false, 0),
        ASYNC_EVENTS(0x0B, false, 0),
        TIMESTAMP(0x0E, false, 0);

        private static final Feature[] ALL = values();
        private final int id;
        private final boolean ofNamespace;
        private final int standard;

        Feature(int id, boolean ofNamespace, int standard) {
            this.id = id;
            this.ofNamespace = ofNamespace;
            this.standard = standard;
        }

        static @Nullable Feature of(int id) {
            for (var feature : ALL) {
                if (feature.id == id) {
                    return feature;
                }
            }
            return null;
        }
    }

    private final Nvme controller;
    private final Prps prps;
    private final MachineClock clock;
    private final int[] values = new int[Feature.ALL.length];
    private final boolean[] uncoalesced;
    private final byte[] time = new byte[TIME_BYTES];
    private int underTemperature;
    private long timeSet;
    private long timeAt;
    private int timeFlags;

    Features(Nvme controller, Prps prps, MachineClock clock) {
        this.controller = controller;
        this.prps = prps;
        this.clock = clock;
        this.uncoalesced = new boolean[controller.settings().vectors()];
        clear();
    }

    /// Everything as after a reset of the controller.
    void clear() {
        for (var feature : Feature.ALL) {
            values[feature.ordinal()] = standard(feature);
        }
        Arrays.fill(uncoalesced, false);
        underTemperature = 0;
        timeSet = 0;
        timeAt = clock.nanos();
        timeFlags = 0;
    }

    private int standard(Feature feature) {
        int pairs = controller.settings().ioQueuePairs() - 1;
        return feature == Feature.NUMBER_OF_QUEUES ? pairs | pairs << 16 : feature.standard;
    }

    private int value(Feature feature) {
        return values[feature.ordinal()];
    }

    /// Whether writes may stay in a cache until a flush.
    boolean cachesWrites() {
        return value(Feature.VOLATILE_WRITE_CACHE) != 0;
    }

    /// The bits of the SMART page's critical warning.
    int warnings() {
        boolean tooHot = TEMPERATURE >= value(Feature.TEMPERATURE_THRESHOLD);
        return tooHot || TEMPERATURE <= underTemperature ? 2 : 0;
    }

    /// @param namespace whether there is one, and it is namespace 1
    private static @Nullable NvmeStatus refusal(Feature feature, int id, boolean namespace, boolean sets) {
        if (id == 0 || id == Namespace.BROADCAST) {
            return null;
        }
        if (id != Namespace.ID) {
            return NvmeStatus.INVALID_NAMESPACE;
        }
        if (!feature.ofNamespace) {
            return sets ? NvmeStatus.FEATURE_NOT_NAMESPACE_SPECIFIC : null;
        }
        return namespace ? null : NvmeStatus.INVALID_FIELD;
    }

    // ---- Get Features

    NvmeStatus get(Command command) {
        var feature = Feature.of(command.dword(10) & 0xFF);
        if (feature == null) {
            return NvmeStatus.INVALID_FIELD;
        }
        var refused = refusal(feature, command.namespace(), controller.namespace() != null, false);
        if (refused != null) {
            return refused;
        }
        switch (command.dword(10) >> 8 & 7) {
            case 0 -> {
                return current(feature, command);
            }
            case 1, 2 -> {
                return standard(feature, command);
            }
            case 3 -> {
                command.answer(4 | (feature.ofNamespace ? 2 : 0));
                return NvmeStatus.SUCCESS;
            }
            default -> {
                return NvmeStatus.INVALID_FIELD;
            }
        }
    }

    private NvmeStatus standard(Feature feature, Command command) {
        if (feature == Feature.TIMESTAMP) {
            Arrays.fill(time, (byte) 0);
            return prps.give(command, time, TIME_BYTES);
        }
        if (feature == Feature.TEMPERATURE_THRESHOLD && (command.dword(11) >> 20 & 3) == 1) {
            return NvmeStatus.SUCCESS;
        }
        command.answer(standard(feature));
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus current(Feature feature, Command command) {
        return switch (feature) {
            case TEMPERATURE_THRESHOLD -> threshold(command);
            case INTERRUPT_VECTOR -> {
                int vector = command.dword(11) & 0xFFFF;
                if (vector >= uncoalesced.length) {
                    yield NvmeStatus.INVALID_FIELD;
                }
                command.answer(vector | (uncoalesced[vector] ? 1 << 16 : 0));
                yield NvmeStatus.SUCCESS;
            }
            case TIMESTAMP -> {
                long now = timeSet + (clock.nanos() - timeAt) / 1_000_000 & TIME_MASK;
                for (int i = 0; i < TIME_BYTES; i++) {
                    time[i] = (byte) ((now | (long) timeFlags << 48) >> 8 * i);
                }
                yield prps.give(command, time, TIME_BYTES);
            }
            case ARBITRATION,
                    POWER_MANAGEMENT,
                    ERROR_RECOVERY,
                    VOLATILE_WRITE_CACHE,
                    NUMBER_OF_QUEUES,
                    INTERRUPT_COALESCING,
                    WRITE_ATOMICITY,
                    ASYNC_EVENTS -> {
                command.answer(value(feature));
                yield NvmeStatus.SUCCESS;
            }
        };
    }

    private NvmeStatus threshold(Command command) {
        if ((command.dword(11) >> 16 & SENSOR) != 0) {
            return NvmeStatus.INVALID_FIELD;
        }
        switch (command.dword(11) >> 20 & 3) {
            case 0 -> command.answer(value(Feature.TEMPERATURE_THRESHOLD));
            case 1 -> command.answer(underTemperature);
            default -> {
                return NvmeStatus.INVALID_FIELD;
            }
        }
        return NvmeStatus.SUCCESS;
    }

    // ---- Set Features

    NvmeStatus set(Command command) {
        if (command.dword(10) < 0) {
            return NvmeStatus.FEATURE_NOT_SAVEABLE;
        }
        var feature = Feature.of(command.dword(10) & 0xFF);
        if (feature == null) {
            return NvmeStatus.INVALID_FIELD;
        }
        var refused = refusal(feature, command.namespace(), controller.namespace() != null, true);
        return refused != null ? refused : set(feature, command, command.dword(11));
    }

    private NvmeStatus set(Feature feature, Command command, int value) {
        switch (feature) {
            case ARBITRATION, INTERRUPT_COALESCING -> values[feature.ordinal()] = value;
            case WRITE_ATOMICITY, VOLATILE_WRITE_CACHE -> values[feature.ordinal()] = value & 1;
            case POWER_MANAGEMENT -> {
                // There is one power state.
                if ((value & 0x1F) != 0) {
                    return NvmeStatus.INVALID_FIELD;
                }
                values[feature.ordinal()] = value & 0xFF;
            }
            case ERROR_RECOVERY -> {
                // Errors for deallocated blocks are not offered.
                if ((value >> 16 & 1) != 0) {
                    return NvmeStatus.INVALID_FIELD;
                }
                values[feature.ordinal()] = value & 0xFFFF;
            }
            case NUMBER_OF_QUEUES -> {
                return setQueues(command, value);
            }
            case TEMPERATURE_THRESHOLD -> {
                return setThreshold(value);
            }
            case INTERRUPT_VECTOR -> {
                int vector = value & 0xFFFF;
                if (vector >= uncoalesced.length) {
                    return NvmeStatus.INVALID_FIELD;
                }
                uncoalesced[vector] = (value >> 16 & 1) != 0;
            }
            case ASYNC_EVENTS -> {
                values[feature.ordinal()] = value & 0xFF;
                warn();
            }
            case TIMESTAMP -> {
                return setTime(command);
            }
        }
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus setQueues(Command command, int value) {
        if (controller.hasIoQueues()) {
            return NvmeStatus.COMMAND_SEQUENCE_ERROR;
        }
        if ((value & 0xFFFF) == 0xFFFF || value >>> 16 == 0xFFFF) {
            return NvmeStatus.INVALID_FIELD;
        }
        // As many as there are, whatever was asked for.
        command.answer(value(Feature.NUMBER_OF_QUEUES));
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus setThreshold(int value) {
        int sensor = value >> 16 & SENSOR;
        if (sensor != 0 && sensor != ALL_SENSORS) {
            return NvmeStatus.INVALID_FIELD;
        }
        switch (value >> 20 & 3) {
            case 0 -> values[Feature.TEMPERATURE_THRESHOLD.ordinal()] = value & LARGEST_WARNING;
            case 1 -> underTemperature = value & LARGEST_WARNING;
            default -> {
                return NvmeStatus.INVALID_FIELD;
            }
        }
        warn();
        return NvmeStatus.SUCCESS;
    }

    private void warn() {
        if ((warnings() & value(Feature.ASYNC_EVENTS)) != 0) {
            controller.events().happened(AsyncEvents.Event.TEMPERATURE);
        }
    }

    private NvmeStatus setTime(Command command) {
        var status = prps.take(command, time, TIME_BYTES);
        if (status != NvmeStatus.SUCCESS) {
            return status;
        }
        long value = 0;
        for (int i = 0; i < TIME_BYTES; i++) {
            value |= (time[i] & 0xFFL) << 8 * i;
        }
        timeSet = value & TIME_MASK;
        timeAt = clock.nanos();
        timeFlags = TIME_SET;
        return NvmeStatus.SUCCESS;
    }
}
