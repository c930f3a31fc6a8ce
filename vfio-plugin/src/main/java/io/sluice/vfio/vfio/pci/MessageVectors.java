package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostVectors;
import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.VfioInterrupts;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.bus.BusDevice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// MSI and MSI-X of the function for its user: vectors of the host's, which the driver writes into the function's own
/// capability or table, and the eventfds behind them. One of the two is on at a time. On the function's strand.
final class MessageVectors {
    private static final int CONTROL = 2;
    private static final int MSI_ENABLE = 1;
    private static final int MSI_WIDE = 1 << 7;
    private static final int MSI_GRANTED_SHIFT = 4;
    private static final int MSIX_ENABLE = 1 << 15;
    private static final int MSIX_MASK_ALL = 1 << 14;
    private static final int ENTRY = 16;

    private final HostFunction function;
    private final HardwareConfig hardware;
    private final HostVectors host;
    private final int msi;
    private final int msix;
    private final @Nullable BusDevice table;
    private final int tableBar;
    private final long tableOffset;
    private final HostVectors.@Nullable Block[] entries;
    private @Nullable VfioInterrupts interrupts;
    private @Nullable VfioIrq kind;
    private @Nullable Eventfd[] eventfds = {};
    private HostVectors.@Nullable Block block;

    MessageVectors(HostFunction function, HardwareConfig hardware, HostVectors host, BarPlan bars) {
        this.function = function;
        this.hardware = hardware;
        this.host = host;
        this.msi = hardware.find(ConfigPart.MSI);
        this.msix = hardware.find(ConfigPart.MSI_X);
        int where = msix == 0 ? 0 : hardware.get(msix + 4, 4);
        this.tableBar = where & 7;
        this.tableOffset = where & 0xFFFF_FFF8L;
        var bar = msix == 0 ? null : bars.at(tableBar);
        this.table = bar == null ? null : bar.device();
        this.entries = new HostVectors.Block[count(VfioIrq.MSIX)];
    }

    /// How many vectors the function has of a kind.
    int count(VfioIrq wanted) {
        return switch (wanted) {
            case MSI -> msi == 0 ? 0 : 1 << Math.min(5, hardware.get(msi + CONTROL, 2) >> 1 & 7);
            case MSIX -> table == null ? 0 : (hardware.get(msix + CONTROL, 2) & 0x7FF) + 1;
            case INTX, ERR, REQ -> 0;
        };
    }

    /// Whether the table is in this BAR.
    boolean hasTable(int bar) {
        return table != null && bar == tableBar;
    }

    /// Whether a byte of a BAR is the MSI-X table's, which is the host's.
    boolean isTable(int bar, long offset) {
        return table != null
                && bar == tableBar
                && offset >= tableOffset
                && offset < tableOffset + (long) entries.length * ENTRY;
    }

    /// The kind that is on; null for none.
    @Nullable
    VfioIrq kind() {
        return kind;
    }

    void opened(VfioInterrupts told) {
        interrupts = told;
    }

    // ---- who listens

    /// Lets vectors from `start` on signal these, and turns the kind on if nothing is.
    ///
    /// @return 0, or how many vectors the host has if it has not enough to turn the kind on
    /// @throws HostException EINVAL if MSI is on with fewer vectors; ENOSPC if the host has no more
    int assign(VfioIrq wanted, int start, List<? extends @Nullable Eventfd> given) {
        return wanted == VfioIrq.MSI ? assignMsi(start, given) : assignMsix(start, given);
    }

    private int assignMsi(int start, List<? extends @Nullable Eventfd> given) {
        int end = start + given.size();
        if (kind == null) {
            int asked = Integer.highestOneBit(Math.max(1, 2 * end - 1));
            try {
                block = host.allocate(function, asked, this::fire);
            } catch (HostException e) {
                return available(e);
            }
            kind = VfioIrq.MSI;
            eventfds = new Eventfd[end];
            put(start, given);
            programMsi();
            return 0;
        }
        if (end > eventfds.length) {
            throw new HostException(Errno.EINVAL, "MSI is on with " + eventfds.length + " vectors");
        }
        put(start, given);
        return 0;
    }

    private void put(int start, List<? extends @Nullable Eventfd> given) {
        for (int i = 0; i < given.size(); i++) {
            eventfds[start + i] = given.get(i);
        }
    }

    private static int available(HostException refused) {
        if (refused.errno() == Errno.ENOSPC && refused.count() > 0) {
            return (int) refused.count();
        }
        throw refused;
    }

    private int assignMsix(int start, List<? extends @Nullable Eventfd> given) {
        var made = new ArrayList<HostVectors.@Nullable Block>();
        try {
            for (int i = 0; i < given.size(); i++) {
                int vector = start + i;
                boolean missing = given.get(i) != null && entries[vector] == null;
                made.add(missing ? host.allocate(function, 1, zero -> fire(vector)) : null);
            }
        } catch (HostException e) {
            for (var vectors : made) {
                if (vectors != null) {
                    vectors.free();
                }
            }
            if (kind == null && e.errno() == Errno.ENOSPC && host.left() > 0) {
                return host.left();
            }
            throw e;
        }
        if (kind == null) {
            kind = VfioIrq.MSIX;
            eventfds = new Eventfd[entries.length];
            control(msix, MSIX_MASK_ALL, MSIX_ENABLE);
        }
        put(start, given);
        for (int i = 0; i < given.size(); i++) {
            settle(start + i, given.get(i), made.get(i));
        }
        return 0;
    }

    private void settle(int vector, @Nullable Eventfd eventfd, HostVectors.@Nullable Block made) {
        var old = entries[vector];
        if (made != null) {
            entries[vector] = made;
            programMsix(vector);
        } else if (eventfd == null && old != null) {
            maskMsix(vector);
            entries[vector] = null;
            old.free();
        }
    }

    /// Signals a vector as a test.
    void signal(int vector) {
        fire(vector);
    }

    private void fire(int vector) {
        var told = interrupts;
        var eventfd = vector < eventfds.length ? eventfds[vector] : null;
        if (told != null && eventfd != null) {
            told.signal(eventfd);
        }
    }

    /// Nobody listens, and the function sends nothing.
    void off() {
        if (kind == VfioIrq.MSI) {
            control(msi, MSI_ENABLE, 0);
        } else if (kind == VfioIrq.MSIX) {
            control(msix, MSIX_ENABLE | MSIX_MASK_ALL, 0);
        }
        kind = null;
        eventfds = new Eventfd[0];
        if (block != null) {
            block.free();
            block = null;
        }
        for (int vector = 0; vector < entries.length; vector++) {
            var old = entries[vector];
            if (old != null) {
                maskMsix(vector);
                entries[vector] = null;
                old.free();
            }
        }
    }

    // ---- the function's registers

    /// After the function was reset: what is on is written again.
    void restore() {
        if (kind == VfioIrq.MSI) {
            programMsi();
        } else if (kind == VfioIrq.MSIX) {
            control(msix, MSIX_MASK_ALL, MSIX_ENABLE);
            for (int vector = 0; vector < entries.length; vector++) {
                if (entries[vector] != null) {
                    programMsix(vector);
                }
            }
        }
    }

    private void control(int capability, int clear, int set) {
        hardware.set(capability + CONTROL, 2, hardware.get(capability + CONTROL, 2) & ~clear | set);
    }

    private void programMsi() {
        var vectors = block;
        if (vectors == null) {
            return;
        }
        boolean wide = (hardware.get(msi + CONTROL, 2) & MSI_WIDE) != 0;
        hardware.set(msi + 4, 4, (int) vectors.address());
        if (wide) {
            hardware.set(msi + 8, 4, (int) (vectors.address() >> 32));
        }
        hardware.set(msi + (wide ? 12 : 8), 2, vectors.data(0));
        int granted = Integer.numberOfTrailingZeros(vectors.count()) << MSI_GRANTED_SHIFT;
        control(msi, 7 << MSI_GRANTED_SHIFT, granted | MSI_ENABLE);
    }

    /// The host has the table by the BAR's device, whether the BAR is decoded or not.
    private void programMsix(int vector) {
        var vectors = entries[vector];
        if (vectors != null) {
            entry(vector, 0, (int) vectors.address());
            entry(vector, 4, (int) (vectors.address() >> 32));
            entry(vector, 8, vectors.data(0));
            entry(vector, 12, 0);
        }
    }

    private void maskMsix(int vector) {
        entry(vector, 12, 1);
    }

    private void entry(int vector, int field, int value) {
        if (table != null) {
            table.write(tableOffset + (long) vector * ENTRY + field, 4, value & 0xFFFF_FFFFL);
        }
    }
}
