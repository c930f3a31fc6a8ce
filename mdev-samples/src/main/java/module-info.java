/// Drivers of mediated devices to learn from.
module io.sluice.samples {
    requires io.sluice.vfio;
    requires io.sluice.vmm;
    requires static org.jspecify;

    provides io.sluice.vfio.mdev.MdevDriver with
            io.sluice.samples.mbochs.MbochsDriver,
            io.sluice.samples.mdpy.MdpyDriver,
            io.sluice.samples.mtty.MttyDriver,
            io.sluice.samples.ring.RingDriver;
}
