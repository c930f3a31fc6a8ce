package io.sluice.vfio.mdev;

import io.sluice.vfio.vfio.ForwardingDevice;
import io.sluice.vfio.vfio.VfioDeviceOps;
import io.sluice.vfio.vfio.VfioInterrupts;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.UUID;

/// What one instance tells (`mdev`). Accesses and interrupts are told inside its strand.
final class MdevTrace {
    private final Trace trace;
    private final UUID uuid;
    private boolean up;

    MdevTrace(Trace trace, UUID uuid) {
        this.trace = trace;
        this.uuid = uuid;
    }

    private void line(String text) {
        trace.line(Item.MDEV, "mdev " + uuid + ": " + text);
    }

    void created(String type) {
        if (trace.on(Item.MDEV)) {
            line("created, " + type);
        }
    }

    /// @param gone it is away; otherwise its user was asked for it
    void removed(boolean gone) {
        if (trace.on(Item.MDEV)) {
            line(gone ? "removed" : "removal waits for its user");
        }
    }

    /// The pin's level; told when it changes.
    void intx(boolean asserted) {
        if (asserted != up && trace.on(Item.MDEV)) {
            line(asserted ? "INTx up" : "INTx down");
        }
        up = asserted;
    }

    void message(VfioIrq irq, int vector) {
        if (trace.on(Item.MDEV)) {
            line(irq + " " + vector);
        }
    }

    private void access(String what, int region, long offset, int size, long value) {
        var name = region == VfioRegion.CONFIG ? "config" : "region " + region;
        long shown = size >= 8 ? value : value & (1L << 8 * size) - 1;
        line(String.format(
                "%s %s+%x %s %0" + 2 * size + "x", what, name, offset, what.equals("read") ? "->" : "<-", shown));
    }

    /// `ops` with each access told.
    VfioDeviceOps around(VfioDeviceOps ops) {
        return new Told(ops);
    }

    private final class Told extends ForwardingDevice {
        Told(VfioDeviceOps ops) {
            super(ops);
        }

        @Override
        public long read(int region, long offset, int size) {
            long value = super.read(region, offset, size);
            if (trace.on(Item.MDEV)) {
                access("read", region, offset, size, value);
            }
            return value;
        }

        @Override
        public void write(int region, long offset, int size, long value) {
            if (trace.on(Item.MDEV)) {
                access("write", region, offset, size, value);
            }
            super.write(region, offset, size, value);
        }

        @Override
        public void reset() {
            if (trace.on(Item.MDEV)) {
                line("reset");
            }
            super.reset();
        }

        @Override
        public void opened(VfioInterrupts interrupts) {
            super.opened(interrupts);
            if (trace.on(Item.MDEV)) {
                line("opened");
            }
        }

        @Override
        public void released() {
            super.released();
            if (trace.on(Item.MDEV)) {
                line("released");
            }
        }

        @Override
        public void attached(int pasid) {
            super.attached(pasid);
            if (trace.on(Item.MDEV)) {
                line(pasid == 0 ? "attached" : "attached by PASID " + pasid);
            }
        }

        @Override
        public void detached(int pasid) {
            if (trace.on(Item.MDEV)) {
                line(pasid == 0 ? "detached" : "detached by PASID " + pasid);
            }
            super.detached(pasid);
        }
    }
}
