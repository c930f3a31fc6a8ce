package io.sluice.vfio.mdev;

import io.sluice.vfio.vfio.DmaBuf;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.VfioDeviceOps;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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

    void opened() {
        if (trace.on(Item.MDEV)) {
            line("opened");
        }
    }

    void released() {
        if (trace.on(Item.MDEV)) {
            line("released");
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

    private final class Told implements VfioDeviceOps {
        private final VfioDeviceOps ops;

        Told(VfioDeviceOps ops) {
            this.ops = ops;
        }

        @Override
        public List<VfioRegion> regions() {
            return ops.regions();
        }

        @Override
        public int vectors(VfioIrq irq) {
            return ops.vectors(irq);
        }

        @Override
        public long read(int region, long offset, int size) {
            long value = ops.read(region, offset, size);
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
            ops.write(region, offset, size, value);
        }

        @Override
        public void released() {
            ops.released();
        }

        @Override
        public @Nullable GuestRam memory(int region) {
            return ops.memory(region);
        }

        @Override
        public GfxPlane queryGfxPlane(GfxPlane.Query query) {
            return ops.queryGfxPlane(query);
        }

        @Override
        public DmaBuf getGfxDmaBuf(int id) {
            return ops.getGfxDmaBuf(id);
        }

        @Override
        public void reset() {
            if (trace.on(Item.MDEV)) {
                line("reset");
            }
            ops.reset();
        }
    }
}
