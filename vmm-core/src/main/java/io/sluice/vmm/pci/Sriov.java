package io.sluice.vmm.pci;

import org.jspecify.annotations.Nullable;

/// Single root I/O virtualization (PCI Express Base 6.0 section 9.3.3): the part of a physical function that makes
/// virtual ones appear and places their BARs. On the physical function's strand.
public final class Sriov extends ExtendedCapability {
    static final int ID = 0x10;
    private static final int LENGTH = 0x40;
    private static final int CAPABILITIES = 0x04;
    public static final int CONTROL = 0x08;
    private static final int INITIAL_VFS = 0x0C;
    private static final int TOTAL_VFS = 0x0E;
    public static final int NUM_VFS = 0x10;
    private static final int DEPENDENCY_LINK = 0x12;
    private static final int FIRST_VF_OFFSET = 0x14;
    private static final int VF_STRIDE = 0x16;
    private static final int VF_DEVICE_ID = 0x1A;
    private static final int SUPPORTED_PAGE_SIZES = 0x1C;
    public static final int SYSTEM_PAGE_SIZE = 0x20;
    public static final int FIRST_BAR = 0x24;

    private static final int ARI_PRESERVED = 1 << 1;
    public static final int VF_ENABLE = 1;
    public static final int VF_MEMORY = 1 << 3;
    public static final int ARI_HIERARCHY = 1 << 4;
    /// 4 KiB, 8 KiB, 64 KiB, 256 KiB, 1 MiB and 4 MiB, as every device must know them.
    private static final int PAGE_SIZES = 0x553;

    private final SriovSettings settings;
    private Listener listener = sriov -> {};
    private @Nullable Source source;
    private int numVfs;
    private int pageSize = 1;

    /// Which virtual functions there are, and what they are wired to. On the physical function's strand; neither call
    /// fails.
    public interface Source {
        PciFunction function(int vf);

        PciFabric.Wires wires(int vf);
    }

    /// Hears on the physical function's strand that the virtual ones come, go, move, or are decoded otherwise.
    @FunctionalInterface
    interface Listener {
        void changed(Sriov sriov);
    }

    Sriov(PciFunctionBuilder builder, SriovSettings settings) {
        super(builder, ID, LENGTH, CONTROL);
        this.settings = settings;
        var config = config();
        config.define(at(CAPABILITIES), 4, ARI_PRESERVED, 0, 0);
        config.define(at(CONTROL), 2, 0, VF_ENABLE | VF_MEMORY | ARI_HIERARCHY, 0);
        config.define(at(INITIAL_VFS), 2, settings.total(), 0, 0);
        config.define(at(TOTAL_VFS), 2, settings.total(), 0, 0);
        config.define(at(NUM_VFS), 2, 0, 0xFFFF, 0);
        config.define(at(DEPENDENCY_LINK), 1, 0, 0, 0);
        config.define(at(FIRST_VF_OFFSET), 2, settings.firstOffset(), 0, 0);
        config.define(at(VF_STRIDE), 2, settings.stride(), 0, 0);
        config.define(at(VF_DEVICE_ID), 2, settings.device(), 0, 0);
        config.define(at(SUPPORTED_PAGE_SIZES), 4, PAGE_SIZES, 0, 0);
        config.define(at(SYSTEM_PAGE_SIZE), 4, 1, PAGE_SIZES, 0);
        settings.bars().forEach(this::defineBar);
    }

    public SriovSettings settings() {
        return settings;
    }

    /// Any thread.
    public boolean enabled() {
        return (control() & VF_ENABLE) != 0;
    }

    /// How many there are while they are enabled.
    int count() {
        return enabled() ? numVfs : 0;
    }

    boolean decodes() {
        return (control() & (VF_ENABLE | VF_MEMORY)) == (VF_ENABLE | VF_MEMORY);
    }

    void listen(Listener heard) {
        listener = heard;
    }

    /// From one virtual function's part of a BAR to the next one's: its size, or a page if that is more.
    public long aperture(VfBar bar) {
        return Math.max(bar.size(), (long) pageSize << 12);
    }

    /// Where a BAR of all virtual functions starts.
    private long address(VfBar bar) {
        int at = at(FIRST_BAR) + 4 * bar.index();
        long low = config().get32(at) & 0xFFFF_FFF0L;
        return bar.wide() ? (long) config().get32(at + 4) << 32 | low : low;
    }

    /// Where a virtual function finds a BAR; -1 if it has none there.
    long address(int vf, int index) {
        for (var bar : settings.bars()) {
            if (bar.index() == index) {
                long first = address(bar);
                return first == 0 ? 0 : first + vf * aperture(bar);
            }
        }
        return -1;
    }

    /// Sets the value to what the page size lets through. Bits that a BAR has not got are read as 0.
    private void defineBar(VfBar bar) {
        int at = at(FIRST_BAR) + 4 * bar.index();
        long mask = -aperture(bar);
        config().define(at, 4, config().get32(at) & (int) mask | bar.flags(), (int) mask & ~0xF, 0);
        if (bar.wide()) {
            config().define(at + 4, 4, config().get32(at + 4) & (int) (mask >> 32), (int) (mask >> 32), 0);
        }
    }

    /// While virtual functions are there, their number and the page size are fixed; a number or size that cannot be is
    /// not taken.
    @Override
    void settle() {
        var config = config();
        boolean wasEnabled = enabled();
        super.settle();
        int number = config.get16(at(NUM_VFS));
        int page = config.get32(at(SYSTEM_PAGE_SIZE));
        boolean fixed = wasEnabled && enabled();
        if (fixed || number > settings.total()) {
            config.set(at(NUM_VFS), 2, numVfs);
        } else {
            numVfs = number;
        }
        if (fixed || Integer.bitCount(page) != 1) {
            config.set(at(SYSTEM_PAGE_SIZE), 4, pageSize);
        } else if (page != pageSize) {
            pageSize = page;
            settings.bars().forEach(this::defineBar);
        }
        listener.changed(this);
    }

    /// Says where virtual functions come from. Without it none appear.
    public void source(Source from) {
        source = from;
    }

    @Nullable
    Source source() {
        return source;
    }
}
