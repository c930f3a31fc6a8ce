package io.sluice.vmm.plugin;

import io.sluice.vmm.bus.BusException;
import io.sluice.vmm.device.edu.Edu;
import io.sluice.vmm.device.pcitest.PcTestDevice;
import io.sluice.vmm.device.pcitest.PciTestDevice;
import io.sluice.vmm.irq.IrqLine;
import java.util.List;
import java.util.stream.IntStream;

/// The device types that come with the machine. Each entry says how `-device` makes a device from its properties.
public final class BuiltinDevices implements Plugin {
    private static final long LARGEST_MEMBAR = 1L << 38;
    private static final int TEST_IRQ_LINES = 24;

    /// Makes one device.
    private interface Maker {
        Attachable make(DeviceContext context, PropertyValues properties);
    }

    private record Type(
            String name, String bus, String description, boolean hotPluggable, List<Property> properties, Maker maker)
            implements DeviceType {
        @Override
        public Attachable create(DeviceContext context, PropertyValues values) {
            return maker.make(context, values);
        }
    }

    private static final List<Type> TYPES = List.of(
            new Type(
                    "edu",
                    "PCI",
                    "",
                    true,
                    List.of(new Property(
                            "dma_mask",
                            Property.Kind.UINT64,
                            "Address bits that the DMA engine drives",
                            Long.toString(Edu.DEFAULT_DMA_MASK))),
                    (context, properties) -> new Attachable.Pci(
                            new Edu(context.newStrand(), properties.unsigned("dma_mask")).function())),
            new Type(
                    "nvme",
                    "PCI",
                    "Non-Volatile Memory Express",
                    true,
                    NvmeOptions.PROPERTIES,
                    NvmeOptions::controller),
            new Type(
                    "pci-testdev",
                    "PCI",
                    "PCI Test Device",
                    true,
                    List.of(new Property(
                            "membar", Property.Kind.SIZE, "Size of a third BAR that nothing answers", "0")),
                    BuiltinDevices::pciTestDevice),
            new Type("pc-testdev", "ISA", "", false, List.of(), BuiltinDevices::pcTestDevice),
            new Type(
                    "pcie-root-port",
                    "PCI",
                    "PCI Express Root Port",
                    false,
                    RootPortOptions.PROPERTIES,
                    (context, properties) -> RootPortOptions.port(context.newStrand(), properties)));

    @Override
    public String name() {
        return "builtin";
    }

    @Override
    public void register(PluginRegistry registry) {
        TYPES.forEach(registry::device);
    }

    private static Attachable pciTestDevice(DeviceContext context, PropertyValues properties) {
        long membar = properties.size("membar");
        if (membar != 0 && (Long.bitCount(membar) != 1 || membar < 16 || membar > LARGEST_MEMBAR)) {
            throw new PluginException(
                    "Property 'pci-testdev.membar' doesn't take value '" + properties.required("membar") + "'");
        }
        return new Attachable.Pci(new PciTestDevice(context.newStrand(), membar).function());
    }

    private static Attachable pcTestDevice(DeviceContext context, PropertyValues properties) {
        var lines = IntStream.range(0, TEST_IRQ_LINES).mapToObj(context::irq).toArray(IrqLine[]::new);
        try {
            var strand = context.newStrand();
            var device = new PcTestDevice(strand, context.memory(), context.io(), lines);
            return new Attachable.Platform(() -> strand.call(device::reset), device::close);
        } catch (BusException e) {
            throw new PluginException("pc-testdev: " + e.getMessage(), e);
        }
    }
}
