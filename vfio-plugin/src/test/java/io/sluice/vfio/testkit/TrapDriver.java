package io.sluice.vfio.testkit;

import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;

/// Mediated devices whose registers do, when they are read, what a test says: BAR 0, 4 KiB, trapped.
public final class TrapDriver implements MdevDriver {
    public static final String TYPE = "trap-1";

    private static final int BAR0 = 0x10;

    private final Map<Integer, ToLongFunction<MdevContext>> registers = new ConcurrentHashMap<>();

    /// What reading a register of four bytes does, inside the device, and answers.
    public TrapDriver on(int offset, ToLongFunction<MdevContext> read) {
        registers.put(offset, read);
        return this;
    }

    @Override
    public String name() {
        return "trap";
    }

    @Override
    public List<MdevType> types() {
        return List.of(new MdevType("1", "Trap", "", MdevType.VFIO_PCI, 4));
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        return new Trap(context);
    }

    private final class Trap implements MdevDevice {
        private final MdevContext context;
        private final byte[] config = new byte[256];

        Trap(MdevContext context) {
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
            return irq == VfioIrq.REQ ? 1 : 0;
        }

        @Override
        public long read(int region, long offset, int size) {
            if (region != VfioRegion.CONFIG) {
                var read = registers.get((int) offset);
                return read == null ? 0 : read.applyAsLong(context);
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (config[(int) offset + i] & 0xFFL) << 8 * i;
            }
            return value;
        }

        @Override
        public void write(int region, long offset, int size, long value) {
            for (int i = 0; region == VfioRegion.CONFIG && i < size; i++) {
                int at = (int) offset + i;
                int mask = at == BAR0 + 1 ? 0xF0 : at == BAR0 + 2 || at == BAR0 + 3 ? 0xFF : 0;
                config[at] = (byte) (config[at] & ~mask | value >> 8 * i & mask);
            }
        }

        @Override
        public void reset() {
            Arrays.fill(config, (byte) 0);
            config[0] = 0x34;
            config[1] = 0x12;
            config[2] = 0x77;
            config[0x0B] = (byte) 0xFF;
        }

        @Override
        public void close() {}
    }
}
