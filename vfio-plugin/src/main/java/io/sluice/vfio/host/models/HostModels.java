package io.sluice.vfio.host.models;

import io.sluice.vfio.host.pci.DeviceModel;
import io.sluice.vmm.device.edu.Edu;
import io.sluice.vmm.device.nvme.Nvme;
import io.sluice.vmm.device.nvme.NvmeSettings;
import io.sluice.vmm.device.pcitest.PciTestDevice;
import io.sluice.vmm.disk.Drive;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The devices that a host can have, by the names that `-device` has for them.
public final class HostModels implements DeviceModel.Catalogue {
    private final Map<String, DeviceModel> models = new LinkedHashMap<>();
    private final Function<String, @Nullable Drive> drives;

    /// @param drives finds a drive by its name
    public HostModels(Function<String, @Nullable Drive> drives) {
        this.drives = drives;
        models.put("edu", HostModels::edu);
        models.put("nvme", this::nvme);
        models.put("pci-testdev", HostModels::pciTest);
    }

    /// Adds a model, or replaces one.
    public HostModels with(String name, DeviceModel model) {
        models.put(name, model);
        return this;
    }

    @Override
    public @Nullable DeviceModel find(String name) {
        return models.get(name);
    }

    private static DeviceModel.Made edu(DeviceModel.Order order) {
        var properties = new ModelProperties(order.properties());
        long mask = properties.number("dma_mask", 0, Long.MAX_VALUE, Edu.DEFAULT_DMA_MASK);
        properties.done();
        return new DeviceModel.Made(new Edu(order.strand(), mask, order.shape()).function(), () -> {});
    }

    private static DeviceModel.Made pciTest(DeviceModel.Order order) {
        var properties = new ModelProperties(order.properties());
        long membar = properties.power("membar", 16, 1L << 40, 0);
        properties.done();
        return new DeviceModel.Made(new PciTestDevice(order.strand(), membar, order.shape()).function(), () -> {});
    }

    /// A controller with its namespace. As a physical function it has virtual ones that are controllers with a drive
    /// each.
    private DeviceModel.Made nvme(DeviceModel.Order order) {
        var properties = new ModelProperties(order.properties());
        var id = properties.text("drive");
        var serial = properties.text("serial");
        int block = (int) properties.power(
                "logical_block_size",
                NvmeSettings.SMALLEST_BLOCK,
                NvmeSettings.LARGEST_BLOCK,
                NvmeSettings.SMALLEST_BLOCK);
        int pairs = (int)
                properties.number("max_ioqpairs", 1, NvmeSettings.MOST_IO_QUEUE_PAIRS, NvmeSettings.IO_QUEUE_PAIRS);
        var settings = new NvmeSettings(
                serial == null ? order.name() : serial,
                pairs,
                (int) properties.number("msix_qsize", 1, NvmeSettings.MOST_VECTORS, pairs + 1),
                (int) properties.number("mdts", 1, NvmeSettings.LARGEST_MAX_TRANSFER, NvmeSettings.MAX_TRANSFER),
                block,
                block);
        properties.done();
        if (settings.serial().length() > 20) {
            throw new IllegalArgumentException("serial is longer than 20 characters; give a shorter one");
        }
        var drive = id == null ? null : take(id, block);
        boolean made = false;
        try {
            var controller = new Nvme(order.strand(), settings, drive, order.shape());
            made = true;
            return new DeviceModel.Made(controller.function(), () -> {
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

    private Drive take(String id, int block) {
        var drive = drives.apply(id);
        if (drive == null) {
            throw new IllegalArgumentException("there is no drive " + id + "; add one of that name");
        }
        if (drive.file().size() < block) {
            throw new IllegalArgumentException("drive " + id + " has no room for a block; make it larger");
        }
        if (!drive.take()) {
            throw new IllegalArgumentException("drive " + id + " is another device's already; give each its own");
        }
        return drive;
    }
}
