package io.sluice.vfio.guest;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.BarMemory;
import io.sluice.vmm.pci.ConfigWindow;
import io.sluice.vmm.pci.Msi;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.pci.PciFunctionBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// One vfio device as a PCI function of the guest.
///
/// Configuration space is virtual: identity is copied once, BARs have the sizes that the device's own answers show,
/// command, BARs, interrupt line and MSI belong to the guest's function alone. Vendor capabilities go through; the
/// bytes between capabilities are read through and not written; other capabilities are hidden.
///
/// INTx: the device signals and is masked, the guest's line goes up. After each access that the guest makes to a BAR
/// while the line is up, the device is unmasked; if it does not signal again at once, the line goes down. A handler
/// touches its device to quiet it, so the line falls with the access that removes the cause, and not before.
public final class GuestFunction {
    private static final int VENDOR_CAPABILITY = 0x09;
    private static final int MSI_CAPABILITY = 0x05;
    private static final SetIrqs UNMASK = SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1);

    private final VfioDevice device;
    private final PciFunction function;
    private final boolean hasIntx;
    private boolean up;

    /// Inside the device's strand.
    ///
    /// @param name what the user calls this kind of device
    public GuestFunction(String name, VfioDevice device) {
        this.device = device;
        var config = new DeviceConfig(device);
        int pin = device.vectors(VfioIrq.INTX) == 0 ? 0 : config.read(0x3D, 1) & 0xFF;
        hasIntx = pin >= 1 && pin <= 4;
        var builder = PciFunction.builder(name, device.strand())
                .ids(config.read(0x00, 2), config.read(0x02, 2))
                .revision(config.read(0x08, 1))
                .classCode(config.read(0x08, 4) >>> 8)
                .subsystem(config.read(0x2C, 2), config.read(0x2E, 2))
                .interruptPin(hasIntx ? pin : 0)
                .onReset(this::reset);
        addBars(builder, config);
        addCapabilities(builder, config);
        function = builder.build();
        var msi = function.msi();
        if (msi != null) {
            msi.onEnableChange(() -> switchMode(msi));
        }
        useIntx();
    }

    public PciFunction function() {
        return function;
    }

    private void addBars(PciFunctionBuilder builder, DeviceConfig config) {
        for (int bar = 0; bar < VfioRegion.ROM; bar++) {
            var probe = config.probe(bar);
            if (probe.size() == 0 || device.regionInfo(bar).size() == 0) {
                continue;
            }
            long least = probe.io() ? 4 : 16;
            long most = probe.io() ? 256 : probe.wide() ? 1L << 46 : 1L << 31;
            if (probe.size() >= least && probe.size() <= most) {
                var kind = probe.io() ? Bar.Kind.IO : probe.wide() ? Bar.Kind.MEMORY64 : Bar.Kind.MEMORY32;
                builder.bar(new Bar(
                        bar, kind, probe.prefetchable(), probe.size(), new Region(bar), false, memory(bar, probe)));
            }
            if (probe.wide()) {
                bar++;
            }
        }
    }

    /// The parts of a region that the guest reaches as memory. What the device says of them and cannot keep is trapped.
    private List<BarMemory> memory(int bar, DeviceConfig.Probe probe) {
        var pieces = new ArrayList<BarMemory>();
        if (probe.io() || probe.size() < GuestRam.PAGE_SIZE) {
            return pieces;
        }
        long next = 0;
        for (var area : device.mappable(bar)) {
            long last = Math.min(probe.size(), area.offset() + area.length()) & -GuestRam.PAGE_SIZE;
            if (area.offset() < next || area.offset() >= last) {
                continue;
            }
            try {
                var memory = device.mmap(bar, area.offset(), last - area.offset());
                pieces.add(new BarMemory(area.offset(), memory.length(), memory.ram(), memory.offset()));
                next = last;
            } catch (HostException e) {
                // It is trapped, then.
            }
        }
        return pieces;
    }

    private void addCapabilities(PciFunctionBuilder builder, DeviceConfig config) {
        var hidden = new boolean[DeviceConfig.SIZE];
        boolean msi = false;
        for (var capability : config.capabilities().entrySet()) {
            int at = capability.getKey();
            if (capability.getValue() == MSI_CAPABILITY
                    && !msi
                    && device.vectors(VfioIrq.MSI) > 0
                    && at + 24 <= hidden.length) {
                int control = config.read(at + 2, 2);
                int count = Integer.highestOneBit(Math.min(32, device.vectors(VfioIrq.MSI)));
                builder.msi(at, count, (control & 0x80) != 0, (control & 0x100) != 0);
                java.util.Arrays.fill(hidden, at, at + 24, true);
                msi = true;
            } else if (capability.getValue() == VENDOR_CAPABILITY) {
                int length = config.read(at + 2, 1) & 0xFF;
                if (length >= 3 && at + length <= hidden.length) {
                    builder.capabilityAt(VENDOR_CAPABILITY, at, length - 2);
                    builder.window(at + 2, at + length - 1, new Through(config, true));
                    java.util.Arrays.fill(hidden, at, at + length, true);
                }
            } else {
                hidden[at] = true;
                hidden[at + 1] = true;
            }
        }
        addGaps(builder, config, hidden);
    }

    private void addGaps(PciFunctionBuilder builder, DeviceConfig config, boolean[] hidden) {
        long size =
                Math.min(DeviceConfig.SIZE, device.regionInfo(VfioRegion.CONFIG).size());
        IntStream.range(DeviceConfig.FIRST_CAPABILITY / 4, (int) size / 4)
                .map(i -> 4 * i)
                .filter(at -> IntStream.range(at, at + 4).noneMatch(i -> hidden[i]))
                .forEach(at -> builder.window(at, at + 3, new Through(config, false)));
    }

    private void useIntx() {
        if (hasIntx) {
            device.setIrqs(SetIrqs.trigger(VfioIrq.INTX, 0, this::raise));
        }
    }

    /// The guest turned MSI on or off. Only one kind is in use at a time.
    private void switchMode(Msi msi) {
        if (msi.enabled()) {
            if (hasIntx) {
                device.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, VfioIrq.INTX, 0, 0));
                lower();
            }
            var eventfds = IntStream.range(0, msi.vectors())
                    .mapToObj(vector -> (Eventfd) () -> msi.notify(vector))
                    .toArray(Eventfd[]::new);
            device.setIrqs(SetIrqs.trigger(VfioIrq.MSI, 0, eventfds));
        } else {
            device.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, VfioIrq.MSI, 0, 0));
            useIntx();
        }
    }

    private void raise() {
        up = true;
        function.intx(true);
    }

    private void lower() {
        up = false;
        function.intx(false);
    }

    /// Lets the device say again whether it still asserts its pin.
    private void resample() {
        if (!up) {
            return;
        }
        up = false;
        device.setIrqs(UNMASK);
        if (!up) {
            function.intx(false);
        }
    }

    private void reset() {
        device.reset();
        resample();
    }

    /// A BAR: the guest's access is the device's, and then a look at the line.
    private final class Region implements BusDevice {
        private final int index;

        Region(int index) {
            this.index = index;
        }

        @Override
        public long read(long offset, int size) {
            long value = device.load(index, offset, size);
            resample();
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            device.store(index, offset, size, value);
            resample();
        }
    }

    private record Through(DeviceConfig config, boolean writable) implements ConfigWindow {
        @Override
        public int read(int offset, int size) {
            return config.read(offset, size) & -1 >>> 32 - 8 * size;
        }

        @Override
        public void write(int offset, int size, int value) {
            if (writable) {
                config.write(offset, size, value);
            }
        }
    }
}
