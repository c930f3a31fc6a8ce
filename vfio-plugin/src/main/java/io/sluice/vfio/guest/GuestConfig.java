package io.sluice.vfio.guest;

import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.pci.ConfigWindow;
import io.sluice.vmm.pci.PciFunctionBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The capabilities of the guest's function. MSI and MSI-X are its own, at the places where the device has them. Of
/// what else there is, a function of the host shows all, for vfio has hidden what is to be hidden and decides what a
/// write does; of an emulated device the vendor's capabilities are shown, and the bytes between are read only.
final class GuestConfig {
    private static final int MSI = 0x05;
    private static final int VENDOR = 0x09;
    private static final int EXPRESS = 0x10;
    private static final int MSIX = 0x11;
    private static final int MSIX_LENGTH = 12;
    private static final int END = DeviceConfig.SIZE;
    private static final int EXTENDED_END = 4096;
    private static final int DEVICE_CONTROL = 8;
    private static final int RESETS = 1 << 28;
    private static final int INITIATE_RESET = 1 << 15;

    private final VfioDevice device;
    private final DeviceConfig config;
    private final Runnable functionLevelReset;
    private final boolean[] taken = new boolean[END];
    private final List<Integer> shown = new ArrayList<>();
    private boolean hasMsi;
    private boolean hasMsix;
    private int resetAt = -1;

    /// @param functionLevelReset what the guest asks for in the PCI Express capability of a function of the host
    GuestConfig(VfioDevice device, DeviceConfig config, Runnable functionLevelReset) {
        this.device = device;
        this.config = config;
        this.functionLevelReset = functionLevelReset;
    }

    /// Of an emulated device.
    void addEmulated(PciFunctionBuilder builder) {
        for (var capability : config.capabilities().entrySet()) {
            int at = capability.getKey();
            int id = capability.getValue();
            if (id == VENDOR) {
                addVendor(builder, at);
            } else if (!(id == MSI && addMsi(builder, at)) && !(id == MSIX && addMsix(builder, at))) {
                taken[at] = true;
                taken[at + 1] = true;
            }
        }
        long size = Math.min(END, device.regionInfo(VfioRegion.CONFIG).size());
        IntStream.range(DeviceConfig.FIRST_CAPABILITY / 4, (int) size / 4)
                .map(i -> 4 * i)
                .filter(at -> IntStream.range(at, at + 4).noneMatch(i -> taken[i]))
                .forEach(at -> builder.window(at, at + 3, new Through(config, false)));
    }

    /// Of a function of the host.
    void addWhole(PciFunctionBuilder builder) {
        var headers = new int[END / 4];
        for (var capability : config.capabilities().entrySet()) {
            int at = capability.getKey();
            int id = capability.getValue();
            if (id == MSI && addMsi(builder, at) || id == MSIX && addMsix(builder, at)) {
                shown.add(at);
            } else if (id != MSI && id != MSIX) {
                builder.capabilityAt(id, at, 0);
                headers[at / 4] = id;
                shown.add(at);
                if (id == EXPRESS && (config.read(at + 4, 4) & RESETS) != 0) {
                    resetAt = at + DEVICE_CONTROL;
                }
            }
        }
        for (int i = 0; i + 1 < shown.size(); i++) {
            int header = shown.get(i) / 4;
            headers[header] |= headers[header] == 0 ? 0 : shown.get(i + 1) << 8;
        }
        var whole = new Whole(headers);
        for (int at = DeviceConfig.FIRST_CAPABILITY; at < END; ) {
            int first = at;
            while (at < END && !taken[at]) {
                at++;
            }
            if (at > first) {
                builder.window(first, at - 1, whole);
            }
            while (at < END && taken[at]) {
                at++;
            }
        }
        if (device.regionInfo(VfioRegion.CONFIG).size() > END) {
            builder.extendedSpace().window(END, EXTENDED_END - 1, whole);
        }
    }

    private void take(int at, int length) {
        Arrays.fill(taken, at, at + length, true);
    }

    private boolean addMsi(PciFunctionBuilder builder, int at) {
        int control = config.read(at + 2, 2);
        boolean wide = (control & 0x80) != 0;
        boolean masking = (control & 0x100) != 0;
        int length = (masking ? 20 : 10) + (wide ? 4 : 0);
        int vectors = Integer.highestOneBit(Math.min(32, device.vectors(VfioIrq.MSI)));
        if (hasMsi || vectors == 0 || at + 24 > END) {
            return false;
        }
        hasMsi = true;
        builder.msi(at, vectors, wide, masking);
        // What lies behind it up to a whole doubleword, and in an emulated device up to the longest form, is nobody's.
        take(at, length + 3 & ~3);
        return true;
    }

    /// Table and pending bits are laid over the BAR, if both are in one that the guest has.
    private boolean addMsix(PciFunctionBuilder builder, int at) {
        int vectors = device.vectors(VfioIrq.MSIX);
        int table = config.read(at + 4, 4);
        int pending = config.read(at + 8, 4);
        int bar = table & 7;
        long tableAt = table & 0xFFFF_FFF8L;
        long pendingAt = pending & 0xFFFF_FFF8L;
        boolean same = (pending & 7) == bar;
        boolean fits = builder.declaredBars().stream()
                .anyMatch(declared -> declared.index() == bar
                        && declared.kind() != io.sluice.vmm.pci.Bar.Kind.IO
                        && tableAt + 16L * vectors <= declared.size()
                        && pendingAt + (vectors + 63) / 64 * 8L <= declared.size());
        if (hasMsix || vectors < 1 || vectors > 2048 || !same || !fits || at + MSIX_LENGTH > END) {
            return false;
        }
        hasMsix = true;
        builder.msix(at, vectors, bar, tableAt, pendingAt);
        take(at, MSIX_LENGTH);
        return true;
    }

    private void addVendor(PciFunctionBuilder builder, int at) {
        int length = config.read(at + 2, 1) & 0xFF;
        if (length >= 3 && at + length <= END) {
            builder.capabilityAt(VENDOR, at, length - 2);
            builder.window(at + 2, at + length - 1, new Through(config, true));
            take(at, length);
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

    /// The device's own configuration space, with the guest's chain of capabilities.
    private final class Whole implements ConfigWindow {
        private final int[] headers;

        /// @param headers id and next pointer by doubleword; 0 where no capability starts
        Whole(int[] headers) {
            this.headers = headers;
        }

        @Override
        public int read(int offset, int size) {
            int value = config.read(offset, size);
            for (int i = 0; i < size; i++) {
                int at = offset + i;
                if (at < END && (at & 3) < 2 && headers[at / 4] != 0) {
                    value = value & ~(0xFF << 8 * i) | (headers[at / 4] >> 8 * (at & 3) & 0xFF) << 8 * i;
                }
            }
            return value & -1 >>> 32 - 8 * size;
        }

        @Override
        public void write(int offset, int size, int value) {
            int shift = 8 * (resetAt - offset);
            boolean controls = resetAt >= 0 && offset <= resetAt + 1 && offset + size > resetAt + 1;
            int reset = !controls ? 0 : shift >= 0 ? INITIATE_RESET << shift : INITIATE_RESET >> -shift;
            config.write(offset, size, value & ~reset);
            if ((value & reset) != 0) {
                functionLevelReset.run();
            }
        }
    }
}
