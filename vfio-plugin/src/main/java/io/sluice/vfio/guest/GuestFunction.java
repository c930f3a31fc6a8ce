package io.sluice.vfio.guest;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/// One vfio device as a PCI function of the guest.
///
/// The guest's function has its own header: identity is copied once, BARs have the sizes that the device's own answers
/// show, command, BARs and interrupt line belong to the guest's function alone. What the guest writes to its command
/// register is written to the device's too: it knows whether it may reach memory. Capabilities are as [GuestConfig]
/// says,
/// interrupts as [GuestInterrupts], what is behind a BAR as [GuestBars].
public final class GuestFunction {
    private static final int COMMAND = 0x04;

    private final VfioDevice device;
    private final Tenure tenure;
    private final DeviceConfig config;
    private final GuestInterrupts interrupts;
    private final PciFunction function;
    private @Nullable PciFunction made;

    /// Of an emulated device. Inside the device's strand.
    ///
    /// @param name what the user calls this kind of device
    public GuestFunction(String name, VfioDevice device) {
        this(name, device, false);
    }

    /// Inside the device's strand.
    ///
    /// @param name what the user calls this kind of device
    /// @param ofHost whether the device is a function of the host: its configuration space is shown whole, and obeys
    public GuestFunction(String name, VfioDevice device, boolean ofHost) {
        this.device = device;
        this.tenure = new Tenure(device);
        this.config = new DeviceConfig(device);
        int pin = device.vectors(VfioIrq.INTX) == 0 ? 0 : config.read(0x3D, 1) & 0xFF;
        boolean hasIntx = pin >= 1 && pin <= 4;
        this.interrupts = new GuestInterrupts(device, hasIntx);
        var builder = PciFunction.builder(name, device.strand())
                .ids(config.read(0x00, 2), config.read(0x02, 2))
                .revision(config.read(0x08, 1))
                .classCode(config.read(0x08, 4) >>> 8)
                .subsystem(config.read(0x2C, 2), config.read(0x2E, 2))
                .interruptPin(hasIntx ? pin : 0)
                .onReset(this::reset);
        new GuestBars(device, interrupts).addTo(builder, config);
        var capabilities = new GuestConfig(device, config, this::functionLevelReset);
        if (ofHost) {
            capabilities.addWhole(builder);
        } else {
            capabilities.addEmulated(builder);
        }
        builder.watch(COMMAND, 2, this::commandWritten);
        function = builder.build();
        made = function;
        commandWritten();
        interrupts.serve(function);
    }

    public PciFunction function() {
        return function;
    }

    private void commandWritten() {
        var here = made;
        if (here != null) {
            config.write(COMMAND, 2, here.configRead(COMMAND, 2));
        }
    }

    /// The guest's function is reset too, as the device is: that is what the guest asked for.
    private void functionLevelReset() {
        var here = made;
        if (here != null) {
            here.reset();
        }
    }

    private void reset() {
        if (!tenure.isOver() && (device.info().flags() & VfioDevice.FLAG_RESET) != 0) {
            try {
                device.reset();
            } catch (HostException e) {
                // Somebody else resets it; the guest's function is as new, and the device cannot reach anything.
            }
        }
        commandWritten();
        interrupts.resample();
    }
}
