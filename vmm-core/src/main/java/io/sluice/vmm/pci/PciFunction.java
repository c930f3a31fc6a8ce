package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.HeaderReg.COMMAND;
import static io.sluice.vmm.pci.HeaderReg.STATUS;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One PCI function: its configuration space and what hangs on it. Made by [#builder]; put on a bus by [PciHost#add].
///
/// Everything here runs on the function's strand, which is also the strand of the device behind its BARs.
public final class PciFunction {
    /// A part of configuration space that the device computes.
    record Window(int first, int last, ConfigWindow handler) {}

    /// Registers whose writes somebody hears of, after they are done.
    record Watch(int first, int length, Runnable written) {}

    private final String name;
    private final Strand strand;
    private final ConfigSpace config;
    private final List<Bar> bars;
    private final List<Window> windows;
    private final List<Watch> watches;
    private final List<BarGate> gates;
    private final @Nullable Msi msi;
    private final @Nullable Msix msix;
    private final PciDma dma;
    private final int powerManagement;
    private final int express;
    private final int limit;
    private final Runnable onReset;
    private final List<Runnable> resets;
    private final PciExtensions extensions;
    private final @Nullable VirtualPlace virtual;
    private volatile @Nullable PciPort port;
    private volatile boolean master;
    private boolean intx;
    private boolean intxSent;

    PciFunction(PciFunctionBuilder from) {
        this.name = from.name;
        this.strand = from.strand;
        this.config = from.config;
        this.dma = new PciDma(this);
        this.msi = from.makeMsi(dma);
        this.msix = from.makeMsix(dma);
        this.bars = from.finishBars(msix);
        this.windows = List.copyOf(from.windows);
        this.watches = List.copyOf(from.watches);
        this.gates = bars.stream().map(bar -> new BarGate(bar.device())).toList();
        this.powerManagement = from.powerManagement;
        this.express = from.express;
        this.limit = express != 0 || from.extended ? ConfigSpace.EXTENDED : ConfigSpace.CONVENTIONAL;
        this.onReset = from.onReset;
        this.resets = List.copyOf(from.resets);
        this.extensions = from.extensions();
        this.virtual = from.virtual ? new VirtualPlace() : null;
        config.keepAsReset();
    }

    /// @param name what the user calls this kind of device, for messages
    /// @param strand the serial place of the function and its device
    public static PciFunctionBuilder builder(String name, Strand strand) {
        return new PciFunctionBuilder(name, strand);
    }

    public String name() {
        return name;
    }

    public Strand strand() {
        return strand;
    }

    public PciDma dma() {
        return dma;
    }

    /// The MSI capability, if the function has one.
    public @Nullable Msi msi() {
        return msi;
    }

    /// The MSI-X capability, if the function has one.
    public @Nullable Msix msix() {
        return msix;
    }

    /// The extended capabilities that a host deals with.
    public PciExtensions extensions() {
        return extensions;
    }

    /// Whether it is a virtual function, which its physical function places.
    public boolean isVirtual() {
        return virtual != null;
    }

    public List<Bar> bars() {
        return bars;
    }

    /// What answers behind a BAR while the function sits on a bus and decodes it, wherever that BAR is; on the
    /// function's strand.
    public BusDevice behind(Bar bar) {
        return gates.get(bars.indexOf(bar));
    }

    /// The BAR whose mapping `mapped` answers; null if that is none of this function's. Any thread.
    public @Nullable Bar barBehind(Mapping mapped) {
        for (int i = 0; i < gates.size(); i++) {
            boolean ours = switch (mapped) {
                case Mapping.Device device -> gates.get(i).equals(device.device());
                case Mapping.Ram ram -> bars.get(i).holds(ram);
                case Mapping.Nothing nothing -> false;
            };
            if (ours) {
                return bars.get(i);
            }
        }
        return null;
    }

    /// Whether a part of a BAR is memory.
    public boolean showsMemory() {
        return bars.stream().anyMatch(bar -> !bar.memory().isEmpty());
    }

    /// Sets the level of the function's INTx pin.
    public void intx(boolean asserted) {
        intx = asserted;
        int status = config.get16(STATUS.offset) & ~HeaderReg.STATUS_INTERRUPT;
        config.set(STATUS.offset, 2, asserted ? status | HeaderReg.STATUS_INTERRUPT : status);
        settleIntx();
    }

    /// Whether MSI or MSI-X is on, so that the function must not use its INTx pin.
    public boolean usesMessages() {
        return msi != null && msi.enabled() || msix != null && msix.enabled();
    }

    /// Sends a vector's message by MSI-X or MSI, whichever the guest has turned on.
    ///
    /// @return whether it has turned on either; if not, the function has its INTx pin
    public boolean message(int vector) {
        if (msix != null && msix.enabled()) {
            msix.notify(vector);
            return true;
        }
        if (msi != null && msi.enabled()) {
            msi.notify(vector);
            return true;
        }
        return false;
    }

    /// A guest's read of configuration space; `size` is 1, 2 or 4. Beyond the function's space all is ones.
    public int configRead(int offset, int size) {
        if (offset < 0 || offset + size > limit) {
            return -1 >>> 32 - 8 * size;
        }
        for (int i = 0; i < windows.size(); i++) {
            var window = windows.get(i);
            if (offset >= window.first && offset + size - 1 <= window.last) {
                return window.handler.read(offset, size);
            }
        }
        return config.get(offset, size);
    }

    /// A guest's write of configuration space; `size` is 1, 2 or 4. In force when it returns.
    public void configWrite(int offset, int size, int value) {
        if (offset < 0 || offset + size > limit) {
            return;
        }
        var here = port;
        if (here != null) {
            here.told().written(here, this, offset, size, value);
        }
        for (int i = 0; i < windows.size(); i++) {
            var window = windows.get(i);
            if (offset >= window.first && offset + size - 1 <= window.last) {
                window.handler.write(offset, size, value);
                return;
            }
        }
        config.write(offset, size, value);
        if (express != 0 && touches(offset, size, express + PciExpress.DEVICE_CONTROL, 2)) {
            functionLevelReset();
        }
        settle(offset, size);
    }

    private void settle(int offset, int size) {
        boolean power = powerManagement != 0 && touches(offset, size, powerManagement + 4, 2);
        if (power || touches(offset, size, COMMAND.offset, 2) || touches(offset, size, HeaderReg.FIRST_BAR, 24)) {
            settleDecoding();
        }
        if (msi != null && touches(offset, size, msi.first(), msi.last() - msi.first() + 1)) {
            msi.settle();
        }
        if (msix != null && touches(offset, size, msix.first(), msix.last() - msix.first() + 1)) {
            msix.settle();
        }
        for (int i = 0; i < watches.size(); i++) {
            var watch = watches.get(i);
            if (touches(offset, size, watch.first, watch.length)) {
                watch.written.run();
            }
        }
    }

    private static boolean touches(int offset, int size, int first, int length) {
        return offset < first + length && offset + size > first;
    }

    private boolean inD0() {
        return powerManagement == 0 || (config.get16(powerManagement + 4) & 3) == 0;
    }

    /// Who it is on the bus now; null while it is on none. Any thread.
    public @Nullable Bdf requester() {
        var here = port;
        return here == null ? null : here.bdf();
    }

    private int command() {
        return config.get16(COMMAND.offset);
    }

    /// Whether the function may send requests: it, and every bridge above it. Any thread.
    boolean isMaster() {
        var here = port;
        return master && here != null && here.upstreamIsMaster();
    }

    /// Where the guest finds the function now, by the bus number that it gave; null if it sits on no bus.
    public @Nullable Bdf address() {
        var here = port;
        return here == null ? null : here.bdf();
    }

    @Nullable
    PciPort port() {
        return port;
    }

    private void settleDecoding() {
        master = inD0() && (command() & HeaderReg.COMMAND_MASTER) != 0;
        remap();
        settleIntx();
    }

    private void settleIntx() {
        boolean send = intx && inD0() && (command() & HeaderReg.COMMAND_INTX_DISABLE) == 0;
        var here = port;
        if (send != intxSent && here != null) {
            intxSent = send;
            here.intx().set(send);
        }
    }

    /// Makes the address spaces show the BARs where configuration space says.
    private void remap() {
        var here = port;
        if (here == null) {
            return;
        }
        var memory = new ArrayList<Mapping>();
        var io = new ArrayList<Mapping>();
        for (int i = 0; i < bars.size(); i++) {
            var bar = bars.get(i);
            long first = virtual != null ? virtual.address(bar) : bar.address(config);
            boolean decoded = decodes(bar.isIo() ? HeaderReg.COMMAND_IO : HeaderReg.COMMAND_MEMORY);
            gates.get(i).set(decoded);
            if (decoded && bar.isPlace(first)) {
                (bar.isIo() ? io : memory).addAll(bar.mappings(first, gates.get(i), strand));
            }
        }
        here.decoder().decode(this, here, new Decoder.Wish(memory, io));
    }

    /// Whether the function is awake and its command register has `enable` set.
    boolean decodes(int enable) {
        if (virtual != null) {
            return inD0() && enable == HeaderReg.COMMAND_MEMORY && virtual.memory();
        }
        return inD0() && (command() & enable) != 0;
    }

    /// The physical function says where the BARs of this virtual one are.
    void placeVirtual(long[] addresses, boolean decoded) {
        if (virtual != null && !virtual.same(addresses, decoded)) {
            virtual.set(addresses, decoded);
            remap();
        }
    }

    private void functionLevelReset() {
        int control = express + PciExpress.DEVICE_CONTROL;
        int value = config.get16(control);
        if ((value & PciExpress.INITIATE_RESET) != 0) {
            config.set(control, 2, value & ~PciExpress.INITIATE_RESET);
            reset();
        }
    }

    /// Back to what power-on left, BARs unplaced and interrupts quiet; then the device's own reset.
    public void reset() {
        int multi = config.get8(HeaderReg.HEADER_TYPE.offset);
        config.reset();
        config.set(HeaderReg.HEADER_TYPE.offset, 1, multi);
        if (msix != null) {
            msix.reset();
            msix.settle();
        }
        if (msi != null) {
            msi.settle();
        }
        for (int i = 0; i < resets.size(); i++) {
            resets.get(i).run();
        }
        intx(false);
        settleDecoding();
        onReset.run();
    }

    void attach(PciPort place) {
        port = place;
        place.told().added(place, this);
        settleDecoding();
    }

    /// When this returns, inside the strand, nothing reaches the device and nothing comes from it; then it is reset.
    void detach() {
        intx(false);
        config.set(COMMAND.offset, 2, 0);
        settleDecoding();
        gates.forEach(gate -> gate.set(false));
        placeVirtual(new long[6], false);
        var here = port;
        if (here != null) {
            here.told().removed(here, this);
        }
        port = null;
        reset();
    }

    int express() {
        return express;
    }

    void markMultiFunction() {
        config.set(
                HeaderReg.HEADER_TYPE.offset, 1, config.get8(HeaderReg.HEADER_TYPE.offset) | HeaderReg.MULTI_FUNCTION);
    }

    boolean isMultiFunction() {
        return (config.get8(HeaderReg.HEADER_TYPE.offset) & HeaderReg.MULTI_FUNCTION) != 0;
    }

    /// 1 to 4 for INTA to INTD, 0 for none.
    public int interruptPin() {
        return config.get8(HeaderReg.INTERRUPT_PIN.offset);
    }

    /// The interrupt input that the INTx pin is wired to; -1 without a pin or a place.
    public int gsi() {
        var here = port;
        return here == null || interruptPin() == 0 ? -1 : here.gsi();
    }

    ConfigSpace config() {
        return config;
    }
}
