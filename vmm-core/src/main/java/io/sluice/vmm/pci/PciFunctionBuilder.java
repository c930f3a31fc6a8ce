package io.sluice.vmm.pci;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Declares a function: identity, BARs, capabilities. What is declared is what the guest finds; nothing is implied.
public final class PciFunctionBuilder {
    private static final int POWER_MANAGEMENT_ID = 0x01;
    private static final int VENDOR_ID = 0x09;

    private record MsiWish(int at, int vectors, boolean wide, boolean masking) {}

    final String name;
    final Strand strand;
    final ConfigSpace config = new ConfigSpace();
    final List<PciFunction.Window> windows = new ArrayList<>();
    final List<PciFunction.Watch> watches = new ArrayList<>();
    int powerManagement;
    int express;
    Runnable onReset = () -> {};
    final List<Runnable> resets = new ArrayList<>();
    boolean virtual;
    boolean extended;
    private @Nullable Acs acs;
    private @Nullable Ats ats;
    private @Nullable Pri pri;
    private @Nullable PasidCapability pasid;
    private @Nullable Sriov sriov;
    private final CapabilityLayout layout = new CapabilityLayout(config);
    private final List<Bar> bars = new ArrayList<>();
    private @Nullable MsiWish msi;
    private Msix.@Nullable MsixPlace msix;
    private int msixBase;

    PciFunctionBuilder(String name, Strand strand) {
        this.name = name;
        this.strand = strand;
        for (var register : HeaderReg.values()) {
            config.define(register.offset, register.size, 0, register.writable, register.clearable);
        }
    }

    private PciFunctionBuilder set(HeaderReg register, int value) {
        config.set(register.offset, register.size, value);
        return this;
    }

    public PciFunctionBuilder ids(int vendor, int device) {
        return set(HeaderReg.VENDOR_ID, vendor).set(HeaderReg.DEVICE_ID, device);
    }

    public PciFunctionBuilder subsystem(int vendor, int device) {
        return set(HeaderReg.SUBSYSTEM_VENDOR_ID, vendor).set(HeaderReg.SUBSYSTEM_ID, device);
    }

    public PciFunctionBuilder revision(int revision) {
        return set(HeaderReg.REVISION_ID, revision);
    }

    /// @param code base class, sub-class and programming interface in 24 bits
    public PciFunctionBuilder classCode(int code) {
        return set(HeaderReg.BASE_CLASS, code >> 16)
                .set(HeaderReg.SUB_CLASS, code >> 8)
                .set(HeaderReg.PROGRAMMING_INTERFACE, code);
    }

    /// @param pin 1 to 4 for INTA to INTD
    public PciFunctionBuilder interruptPin(int pin) {
        return set(HeaderReg.INTERRUPT_PIN, pin);
    }

    public PciFunctionBuilder multiFunction() {
        int type = config.get8(HeaderReg.HEADER_TYPE.offset);
        return set(HeaderReg.HEADER_TYPE, type | HeaderReg.MULTI_FUNCTION);
    }

    public PciFunctionBuilder ioBar(int index, long size, BusDevice device) {
        return bar(Bar.io(index, size, device));
    }

    public PciFunctionBuilder memoryBar(int index, long size, BusDevice device) {
        return bar(Bar.memory(index, size, device));
    }

    public PciFunctionBuilder bar(Bar bar) {
        bars.add(bar);
        return this;
    }

    /// @param vectors 1, 2, 4, 8, 16 or 32
    /// @param wide 64 address bits
    /// @param masking a mask and a pending bit for each vector
    public PciFunctionBuilder msi(int vectors, boolean wide, boolean masking) {
        return msi(0, vectors, wide, masking);
    }

    /// MSI at a given offset of configuration space.
    public PciFunctionBuilder msi(int at, int vectors, boolean wide, boolean masking) {
        if (Integer.bitCount(vectors) != 1 || vectors > 32 || vectors < 1) {
            throw new IllegalArgumentException("MSI has 1 to 32 vectors, a power of two: " + vectors);
        }
        int base = layout.add(Msi.ID, at, Msi.length(wide, masking));
        msi = new MsiWish(base, vectors, wide, masking);
        return this;
    }

    /// Table and pending bits lie in the BAR `bar`, over what its device answers.
    public PciFunctionBuilder msix(int vectors, int bar, long tableOffset, long pendingOffset) {
        return msix(0, vectors, bar, tableOffset, pendingOffset);
    }

    /// MSI-X at a given offset of configuration space.
    public PciFunctionBuilder msix(int at, int vectors, int bar, long tableOffset, long pendingOffset) {
        msixBase = layout.add(Msix.ID, at, Msix.LENGTH);
        msix = new Msix.MsixPlace(vectors, bar, tableOffset, pendingOffset);
        return this;
    }

    /// Power management version 3: D0 and D3hot, and D3hot keeps the function's state.
    public PciFunctionBuilder powerManagement() {
        powerManagement = layout.add(POWER_MANAGEMENT_ID, 0, 8);
        config.define(powerManagement + 2, 2, 3, 0, 0);
        config.define(powerManagement + 4, 2, 1 << 3, 3, 0);
        return this;
    }

    /// Makes the function a PCI Express one, with 4096 bytes of configuration space.
    ///
    /// @param resets whether the guest may reset the function (FLR)
    public PciFunctionBuilder pciExpress(PciExpress.Type type, boolean resets) {
        express = layout.add(PciExpress.ID, 0, PciExpress.LENGTH);
        PciExpress.define(config, express, type, resets);
        return this;
    }

    /// A vendor-specific capability with `body` after its length byte.
    public PciFunctionBuilder vendorCapability(byte[] body) {
        int base = capability(VENDOR_ID, body.length + 1);
        config.define(base + 2, 1, body.length + 3, 0, 0);
        for (int i = 0; i < body.length; i++) {
            config.define(base + 3 + i, 1, body[i], 0, 0);
        }
        return this;
    }

    /// Any other capability; its registers are declared by [#register].
    ///
    /// @param length bytes after id and next pointer
    /// @return its offset
    public int capability(int id, int length) {
        return layout.add(id, 0, length + 2);
    }

    /// Links a capability that lies at `at`.
    public PciFunctionBuilder capabilityAt(int id, int at, int length) {
        layout.add(id, at, length + 2);
        return this;
    }

    /// An extended capability; its registers are declared by [#register].
    ///
    /// @param length bytes after the header
    /// @return its offset
    public int extendedCapability(int id, int version, int length) {
        return layout.addExtended(id, version, length + 4);
    }

    /// Access control services.
    ///
    /// @param services of [Acs]
    public PciFunctionBuilder acs(int services) {
        acs = new Acs(this, services);
        return this;
    }

    /// Address translation services.
    ///
    /// @param queueDepth invalidations that the function takes at once, 1 to 32
    public PciFunctionBuilder ats(int queueDepth) {
        ats = new Ats(this, queueDepth);
        return this;
    }

    /// Page requests.
    ///
    /// @param capacity requests that may be under way
    public PciFunctionBuilder pri(int capacity) {
        pri = new Pri(this, capacity);
        return this;
    }

    /// Requests with a PASID of `bits` bits, on a function that is a PCI Express one already.
    public PciFunctionBuilder pasid(int bits, boolean execute, boolean privileged) {
        pasid = new PasidCapability(this, bits, execute, privileged);
        int prefixes = express + PciExpress.DEVICE_CAPABILITIES_2;
        config.set(prefixes, 4, config.get32(prefixes) | PciExpress.PREFIXES);
        return this;
    }

    /// Alternative routing ids (PCI Express Base 6.0 section 7.8.8): the device has up to 256 functions.
    public PciFunctionBuilder ari() {
        extendedCapability(0x0E, 1, 4);
        return this;
    }

    /// Makes it a physical function.
    public PciFunctionBuilder sriov(SriovSettings settings) {
        sriov = new Sriov(this, settings);
        return this;
    }

    /// Makes it a virtual function (PCI Express Base 6.0 section 9.3.4): its ids read as all ones, its BARs, its pin
    /// and most of its command register as 0; the physical function places and enables what it decodes.
    public PciFunctionBuilder virtualFunction() {
        virtual = true;
        return this;
    }

    /// The BARs that are declared so far.
    public List<Bar> declaredBars() {
        return List.copyOf(bars);
    }

    /// Whether the function is a PCI Express one so far.
    public boolean isExpress() {
        return express != 0;
    }

    /// Makes the function a PCI Express one of this type, also if the device has said that it is one of another.
    ///
    /// @param resets whether the function can be reset (FLR)
    public PciFunctionBuilder expressAs(PciExpress.Type type, boolean resets) {
        if (express == 0) {
            return pciExpress(type, resets);
        }
        PciExpress.define(config, express, type, resets);
        return this;
    }

    /// The device id that is declared so far.
    public int deviceId() {
        return config.get16(HeaderReg.DEVICE_ID.offset);
    }

    PciExtensions extensions() {
        return new PciExtensions(acs, ats, pri, pasid, sriov);
    }

    /// Declares a register of 1, 2 or 4 bytes: its value, its writable bits, and its bits that ones clear.
    public PciFunctionBuilder register(int offset, int size, int value, int writable, int clearable) {
        config.define(offset, size, value, writable, clearable);
        return this;
    }

    /// Hands `first..last` of configuration space to the device.
    public PciFunctionBuilder window(int first, int last, ConfigWindow handler) {
        windows.add(new PciFunction.Window(first, last, handler));
        return this;
    }

    /// Gives the function 4096 bytes of configuration space whatever its capabilities are: what is in the upper part is
    /// for a [#window].
    public PciFunctionBuilder extendedSpace() {
        extended = true;
        return this;
    }

    /// Has `written` told inside the strand after each write of the guest that touches these registers. What goes to a
    /// [#window] is not told.
    public PciFunctionBuilder watch(int first, int length, Runnable written) {
        watches.add(new PciFunction.Watch(first, length, written));
        return this;
    }

    /// Runs inside the strand when the function is reset.
    public PciFunctionBuilder onReset(Runnable reset) {
        onReset = reset;
        return this;
    }

    /// As [#onReset], for what stands before the device; before the device's own.
    PciFunctionBuilder alsoOnReset(Runnable reset) {
        resets.add(reset);
        return this;
    }

    /// Turns the header into type 1: BAR2 to BAR5 make room for bus numbers and windows.
    PciFunctionBuilder bridgeHeader() {
        config.define(HeaderReg.SUBSYSTEM_VENDOR_ID.offset, 4, 0, 0, 0);
        for (var register : BridgeReg.values()) {
            config.define(register.offset, register.size, register.reset, register.writable, register.clearable);
        }
        return set(HeaderReg.HEADER_TYPE, 1);
    }

    public PciFunction build() {
        int seen = 0;
        for (var bar : bars) {
            int slots = (bar.kind() == Bar.Kind.MEMORY64 ? 3 : 1) << bar.index();
            if ((seen & slots) != 0) {
                throw new IllegalStateException(name + ": BAR " + bar.index() + " is declared twice");
            }
            seen |= slots;
            if (!virtual) {
                bar.define(config);
            }
        }
        if (virtual) {
            virtualHeader();
        }
        return new PciFunction(this);
    }

    private void virtualHeader() {
        ids(0xFFFF, 0xFFFF).interruptPin(0).set(HeaderReg.HEADER_TYPE, 0);
        config.define(HeaderReg.COMMAND.offset, HeaderReg.COMMAND.size, 0, HeaderReg.COMMAND_MASTER, 0);
        config.define(HeaderReg.CACHE_LINE_SIZE.offset, HeaderReg.CACHE_LINE_SIZE.size, 0, 0, 0);
        config.define(HeaderReg.INTERRUPT_LINE.offset, HeaderReg.INTERRUPT_LINE.size, 0, 0, 0);
    }

    @Nullable
    Msi makeMsi(PciDma dma) {
        var wish = msi;
        return wish == null ? null : new Msi(config, dma, wish.at, wish.vectors, wish.wide, wish.masking);
    }

    @Nullable
    Msix makeMsix(PciDma dma) {
        var place = msix;
        if (place == null) {
            return null;
        }
        boolean fits = bars.stream().anyMatch(b -> b.index() == place.bar() && !b.isIo() && b.size() >= place.end());
        if (!fits) {
            throw new IllegalStateException(name + ": the MSI-X table does not fit in BAR " + place.bar());
        }
        return new Msix(config, dma, msixBase, place);
    }

    List<Bar> finishBars(@Nullable Msix made) {
        var place = msix;
        if (made == null || place == null) {
            return List.copyOf(bars);
        }
        return bars.stream()
                .map(b -> b.index() == place.bar() ? place.cutFrom(b).with(made.over(b.device())) : b)
                .toList();
    }
}
