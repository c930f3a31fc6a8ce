package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.pci.BridgePort;
import io.sluice.vmm.pci.PciFunction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One PCI function of the host, as its kernel knows it. From [HostPci#plug], or from when the host is built, until it
/// is unplugged. Any thread.
public final class HostFunction {
    private final FunctionConfig config;
    private final String label;
    private final FunctionKind kind;
    private final HostBus bus;
    private final int devfn;
    private final PciFunction pci;
    private final HostDma dma;
    private final HostPin pin;
    private final Runnable close;
    private final @Nullable BridgePort bridge;
    private final @Nullable HostBus below;
    private final @Nullable VirtualFunctions vfs;
    private final @Nullable HostFunction physical;
    private final Binding binding = new Binding();

    private volatile boolean several;
    private volatile @Nullable IommuDevice iommu;
    private volatile boolean gone;
    private volatile int vfioNumber = -1;

    /// What a function is made from.
    ///
    /// @param label what it is called in the description
    record Parts(
            FunctionConfig config,
            String label,
            HostBus bus,
            int devfn,
            PciFunction pci,
            HostDma dma,
            HostPin pin,
            Runnable close,
            @Nullable BridgePort bridge,
            @Nullable VirtualFunctions vfs,
            @Nullable HostFunction physical) {}

    HostFunction(Parts parts) {
        this.config = parts.config();
        this.label = parts.label();
        this.kind = parts.config().kind();
        this.bus = parts.bus();
        this.devfn = parts.devfn();
        this.pci = parts.pci();
        this.dma = parts.dma();
        this.pin = parts.pin();
        this.close = parts.close();
        this.bridge = parts.bridge();
        this.vfs = parts.vfs();
        this.physical = parts.physical();
        this.below = bridge == null ? null : new HostBus(this, bridge.kind());
        dma.serve(this);
    }

    // ---- who it is

    /// What it is called in the description; a virtual function has its physical one's name and its number.
    public String label() {
        return label;
    }

    /// Its name as sysfs has it: `0000:bb:dd.f`.
    public String name() {
        return address().toString();
    }

    public Bdf address() {
        return new Bdf(bus.number() << 8 | devfn);
    }

    public FunctionKind kind() {
        return kind;
    }

    /// The vendor id; a virtual function's is its physical one's, since its own register has none.
    public int vendor() {
        return physical == null ? configRead(0, 2) : physical.vendor();
    }

    /// The device id; a virtual function's is what its physical one says.
    public int device() {
        if (physical == null) {
            return configRead(2, 2);
        }
        var sriov = physical.pci.extensions().sriov();
        return sriov == null ? 0xFFFF : sriov.settings().device();
    }

    /// The function itself: its BARs, its strand, its capabilities.
    public PciFunction pci() {
        return pci;
    }

    /// The bridge that it sits behind; null on the root bus.
    public @Nullable HostFunction above() {
        return bus.bridge();
    }

    /// What sits behind it, if it is a bridge.
    public List<HostFunction> below() {
        return below == null ? List.of() : List.of(below.functions());
    }

    public boolean isVirtual() {
        return physical != null;
    }

    /// The physical function of a virtual one.
    public @Nullable HostFunction physical() {
        return physical;
    }

    /// Its virtual functions that are enabled, in order.
    public List<HostFunction> virtuals() {
        return vfs == null ? List.of() : vfs.enabled();
    }

    /// How many virtual functions it can have; 0 if it is no physical function.
    public int totalVfs() {
        return vfs == null ? 0 : vfs.total();
    }

    // ---- configuration space

    /// Reads configuration space; from a thread that is in no strand.
    public int configRead(int offset, int size) {
        var value = new int[1];
        pci.strand().call(() -> value[0] = pci.configRead(offset, size));
        return value[0];
    }

    /// Writes configuration space; from a thread that is in no strand.
    public void configWrite(int offset, int size, int value) {
        pci.strand().call(() -> pci.configWrite(offset, size, value));
    }

    /// Who hears the function's INTx pin: on the function's strand, at once if it is asserted now. From a thread that
    /// is in no strand.
    public void onPin(IrqLine line) {
        pci.strand().call(() -> pin.wire(line));
    }

    // ---- what it belongs to

    /// How the IOMMU knows it.
    ///
    /// @throws HostException ENODEV if it is gone
    public IommuDevice iommu() {
        var known = iommu;
        if (known == null) {
            throw new HostException(Errno.ENODEV, label + " is gone");
        }
        return known;
    }

    /// @throws HostException ENODEV if it is gone
    public IommuGroup group() {
        return iommu().group();
    }

    /// Whether it has been unplugged, or is being.
    public boolean isGone() {
        return gone;
    }

    /// The driver that has it; null if none has.
    public @Nullable HostDriver driver() {
        return binding.driver();
    }

    /// The only driver that may have it, by name; null if any may that matches.
    public @Nullable String driverOverride() {
        return binding.override();
    }

    /// N of its file `/dev/vfio/devices/vfioN`; -1 while it has none.
    public int vfioNumber() {
        return vfioNumber;
    }

    /// Says which file of vfio's it has; -1 for none. For the driver that has it.
    public void vfioNumber(int number) {
        vfioNumber = number;
    }

    /// Has `gone` run when the driver that has it now gives it up, or fails to take it; before the driver's own
    /// [HostDriver#remove], what came last first.
    public void whenUnbound(Runnable gone) {
        binding.whenUnbound(gone);
    }

    // ---- the host's own

    FunctionConfig config() {
        return config;
    }

    HostBus bus() {
        return bus;
    }

    @Nullable
    HostBus belowBus() {
        return below;
    }

    int devfn() {
        return devfn;
    }

    HostDma dma() {
        return dma;
    }

    HostPin pin() {
        return pin;
    }

    @Nullable
    BridgePort bridge() {
        return bridge;
    }

    @Nullable
    VirtualFunctions vfs() {
        return vfs;
    }

    Binding binding() {
        return binding;
    }

    /// Whether the slot has other functions, as the header says. Virtual ones never count themselves one of several.
    boolean isSeveral() {
        return several;
    }

    void markSeveral() {
        several = physical == null;
    }

    boolean sharesSlot(HostFunction other) {
        return other.bus == bus && other.devfn >> 3 == devfn >> 3 && !other.isVirtual() && !isVirtual();
    }

    @Nullable
    IommuGroup knownGroup() {
        var known = iommu;
        return known == null ? null : known.group();
    }

    void iommu(@Nullable IommuDevice device) {
        iommu = device;
        dma.use(device);
    }

    void markGone() {
        gone = true;
    }

    void close() {
        close.run();
    }

    @Override
    public String toString() {
        return name() + " (" + label + ")";
    }
}
