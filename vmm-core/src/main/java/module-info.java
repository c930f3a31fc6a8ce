/// The virtual machine monitor. What it exports is what plugins stand on; the rest is nobody's business.
module io.sluice.vmm {
    requires com.github.luben.zstd_jni;
    requires info.picocli;
    requires io.prometheus.metrics.model;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.vertx.core;
    requires java.management;
    requires jdk.management;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires org.jctools.core;
    requires org.jspecify;
    requires org.lz4.java;
    requires org.slf4j;
    requires org.tukaani.xz;

    exports io.sluice.vmm.address;
    exports io.sluice.vmm.bus;
    exports io.sluice.vmm.device;
    exports io.sluice.vmm.device.edu to
            io.sluice.vfio;
    exports io.sluice.vmm.device.nvme to
            io.sluice.vfio;
    exports io.sluice.vmm.device.pcitest to
            io.sluice.vfio;
    exports io.sluice.vmm.disk;
    exports io.sluice.vmm.irq;
    exports io.sluice.vmm.loop;
    exports io.sluice.vmm.memory;
    exports io.sluice.vmm.meter;
    exports io.sluice.vmm.pci;
    exports io.sluice.vmm.plugin;
    exports io.sluice.vmm.qapi;
    exports io.sluice.vmm.qom;
    exports io.sluice.vmm.regs;
    exports io.sluice.vmm.trace;

    uses io.sluice.vmm.plugin.GuestCatalogue;
    uses io.sluice.vmm.plugin.Plugin;

    provides io.sluice.vmm.plugin.Plugin with
            io.sluice.vmm.log.LogPlugin,
            io.sluice.vmm.plugin.BuiltinDevices;
    provides org.slf4j.spi.SLF4JServiceProvider with
            io.sluice.vmm.log.MessageProvider;
}
