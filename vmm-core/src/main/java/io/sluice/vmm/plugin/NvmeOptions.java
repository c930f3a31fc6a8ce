package io.sluice.vmm.plugin;

import io.sluice.vmm.device.nvme.Nvme;
import io.sluice.vmm.device.nvme.NvmeCounters;
import io.sluice.vmm.device.nvme.NvmeSettings;
import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterGroup;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The properties of `-device nvme`.
final class NvmeOptions {
    private static final int LARGEST_BLOCK_SIZE = 2 << 20;

    static final List<Property> PROPERTIES = List.of(
            Property.string("drive", "Node name or ID of a block device to use as a backend"),
            new Property(
                    "logical_block_size",
                    Property.Kind.SIZE,
                    "Bytes of a block: 512, 1k, 2k or 4k",
                    Integer.toString(NvmeSettings.SMALLEST_BLOCK)),
            new Property(
                    "max_ioqpairs",
                    Property.Kind.UINT32,
                    "I/O queues of each kind, at most",
                    Integer.toString(NvmeSettings.IO_QUEUE_PAIRS)),
            new Property(
                    "mdts",
                    Property.Kind.UINT8,
                    "A command moves 4 KiB times 2 to this at most",
                    Integer.toString(NvmeSettings.MAX_TRANSFER)),
            new Property(
                    "msix_qsize",
                    Property.Kind.UINT16,
                    "Vectors of MSI-X",
                    Integer.toString(NvmeSettings.IO_QUEUE_PAIRS + 1)),
            new Property(
                    "physical_block_size",
                    Property.Kind.SIZE,
                    "Bytes that are best written together",
                    Integer.toString(NvmeSettings.SMALLEST_BLOCK)),
            Property.string("serial", "Serial number"));

    private NvmeOptions() {}

    /// @throws PluginException if a property is out of its range, or the drive cannot be had
    static Attachable controller(DeviceContext context, PropertyValues properties) {
        var settings = settings(properties);
        var id = properties.text("drive");
        var drive = id == null ? null : take(context, id, settings.blockSize());
        boolean made = false;
        try {
            var controller = new Nvme(context.newStrand(), settings, drive);
            var meters = context.meters().group();
            hang(meters, id == null ? settings.serial() : id, controller.counters(), drive);
            made = true;
            return new Attachable.Pci(controller.function(), () -> {
                meters.close();
                if (drive != null) {
                    drive.release();
                }
                controller.close();
            });
        } finally {
            if (!made && drive != null) {
                drive.release();
            }
        }
    }

    private static NvmeSettings settings(PropertyValues properties) {
        if (!properties.isGiven("serial")) {
            throw new PluginException("serial property not set");
        }
        return new NvmeSettings(
                properties.required("serial"),
                number(properties, "max_ioqpairs", 1, NvmeSettings.MOST_IO_QUEUE_PAIRS),
                number(properties, "msix_qsize", 1, NvmeSettings.MOST_VECTORS),
                number(properties, "mdts", 1, NvmeSettings.LARGEST_MAX_TRANSFER),
                blockSize(properties, "logical_block_size", NvmeSettings.LARGEST_BLOCK),
                physicalBlockSize(properties));
    }

    private static int number(PropertyValues properties, String name, int least, int most) {
        long value = properties.number(name);
        if (value < least || value > most) {
            throw new PluginException(name + " must be between " + least + " and " + most);
        }
        return (int) value;
    }

    private static int blockSize(PropertyValues properties, String name, int most) {
        long value = properties.size(name);
        if (value < NvmeSettings.SMALLEST_BLOCK || value > most) {
            throw new PluginException("Property nvme." + name + " doesn't take value " + value + " (minimum: "
                    + NvmeSettings.SMALLEST_BLOCK + ", maximum: " + most + ")");
        }
        if (Long.bitCount(value) != 1) {
            throw new PluginException(
                    "Property nvme." + name + " doesn't take value '" + value + "', it's not a power of 2");
        }
        return (int) value;
    }

    /// Never less than a logical block.
    private static int physicalBlockSize(PropertyValues properties) {
        int physical = blockSize(properties, "physical_block_size", LARGEST_BLOCK_SIZE);
        return Math.max(physical, blockSize(properties, "logical_block_size", NvmeSettings.LARGEST_BLOCK));
    }

    private static Drive take(DeviceContext context, String id, int blockSize) {
        var drive = context.drives().find(id);
        if (drive == null) {
            throw new PluginException("Property 'nvme.drive' can't find value '" + id + "'");
        }
        if (drive.file().size() < blockSize) {
            throw new PluginException("Drive '" + id + "' has no room for a block of " + blockSize + " bytes");
        }
        if (!drive.take()) {
            throw new PluginException("Drive '" + id + "' is already in use by another device");
        }
        return drive;
    }

    private static void hang(MeterGroup meters, String name, NvmeCounters counters, @Nullable Drive drive) {
        for (var kind : NvmeCounters.Kind.values()) {
            meters.counter(
                    "sluice.nvme.commands",
                    Unit.NONE,
                    "Commands that NVMe controllers took from their queues",
                    Map.of("drive", name, "kind", kind.name().toLowerCase(Locale.ROOT)),
                    () -> counters.commands(kind));
        }
        var tags = Map.of("drive", name);
        meters.counter(
                "sluice.nvme.errors", Unit.NONE, "Commands that ended otherwise than well", tags, counters::errors);
        meters.counter(
                "sluice.nvme.waited",
                Unit.NONE,
                "Commands that the page cache alone could not serve",
                tags,
                counters::waited);
        if (drive != null) {
            DriveMeters.hang(meters, drive);
        }
    }
}
