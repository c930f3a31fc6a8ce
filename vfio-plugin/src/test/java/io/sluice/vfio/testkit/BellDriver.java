package io.sluice.vfio.testkit;

import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import java.util.ArrayList;
import java.util.List;

/// A small device for tests: BAR 0 (memory, 4 KiB) holds causes at 0 (write: set, read: look) and 4 (write: clear).
/// Its line is up while there is a cause; each cause set also sends message 0. It has MSI and a vendor capability.
public final class BellDriver implements MdevDriver {
    public static final MdevType TYPE = new MdevType("1", "Bell", "", MdevType.VFIO_PCI, 2);
    public int closed;

    @Override
    public String name() {
        return "bell";
    }

    @Override
    public List<MdevType> types() {
        return List.of(TYPE);
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        return new Bell(context);
    }

    private final class Bell implements MdevDevice {
        private static final int VENDOR = 0x68;
        private final MdevContext context;
        private final byte[] config = new byte[256];
        private int causes;

        Bell(MdevContext context) {
            this.context = context;
            reset();
        }

        @Override
        public List<VfioRegion> regions() {
            var all = new ArrayList<VfioRegion>();
            all.add(VfioRegion.trapped(4096));
            for (int i = 1; i < VfioRegion.PCI_REGIONS; i++) {
                all.add(i == VfioRegion.CONFIG ? VfioRegion.trapped(256) : VfioRegion.absent());
            }
            return all;
        }

        @Override
        public int vectors(VfioIrq irq) {
            return switch (irq) {
                case INTX, REQ -> 1;
                case MSI -> 2;
                case MSIX, ERR -> 0;
            };
        }

        @Override
        public long read(int region, long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                long one = region == VfioRegion.CONFIG ? config[(int) offset + i] & 0xFF : offset + i == 0 ? causes : 0;
                value |= one << 8 * i;
            }
            return value;
        }

        @Override
        public void write(int region, long offset, int size, long value) {
            if (region == VfioRegion.CONFIG) {
                for (int i = 0; i < size; i++) {
                    writeConfig((int) offset + i, (int) (value >> 8 * i));
                }
            } else if (offset == 0) {
                causes |= (int) value & 0xFF;
                context.intx(causes != 0);
                context.msi(0);
            } else if (offset == 4) {
                causes &= ~(int) value;
                context.intx(causes != 0);
            }
        }

        private void writeConfig(int offset, int value) {
            int mask = switch (offset) {
                case 0x11 -> 0xF0;
                case 0x12, 0x13, 0x3C, VENDOR + 3 -> 0xFF;
                default -> 0;
            };
            config[offset] = (byte) (config[offset] & ~mask | value & mask);
        }

        @Override
        public void reset() {
            java.util.Arrays.fill(config, (byte) 0);
            int[][] bytes = {
                {0x00, 0x34},
                {0x01, 0x12},
                {0x02, 0xBE},
                {0x06, 0x10},
                {0x0B, 0xFF},
                {0x34, 0x50},
                {0x3D, 1},
                {0x50, 0x05},
                {0x51, VENDOR},
                {0x52, 0x82},
                {VENDOR, 0x09},
                {VENDOR + 1, 0x70},
                {VENDOR + 2, 4},
                {0x70, 0x10},
                {0x71, 0x50},
                {0xE0, 0x77}
            };
            for (var pair : bytes) {
                config[pair[0]] = (byte) pair[1];
            }
            causes = 0;
            context.intx(false);
        }

        @Override
        public void close() {
            closed++;
        }
    }
}
