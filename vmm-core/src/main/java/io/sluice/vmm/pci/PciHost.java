package io.sluice.vmm.pci;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.MsiTarget;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The root of a q35-like PCI Express hierarchy: ECAM, ports 0xCF8 to 0xCFF, the host bridge (00:00.0), the ISA bridge
/// (00:1f.0), and what is added. Functions are added and removed by the thread that owns the machine, which is in no
/// strand and on no loop.
public final class PciHost {
    public static final long ECAM_BASE = 0xB000_0000L;
    public static final long ECAM_SIZE = 256L << 20;
    public static final int FIRST_GSI = 16;
    public static final int GSIS = 8;
    private static final int CONFIG_PORTS = 0xCF8;
    private static final int LPC_BRIDGE = 31 << 3;
    private static final int INTEL = 0x8086;

    /// What every function is wired to.
    record Wiring(Decoder decoder, MsiTarget msi, DmaTarget dma, PciTrace told, DmaFault.Watch faults) {}

    private volatile DmaFault.Watch faultWatch = fault -> {};
    private final Wiring wiring;
    private final SharedLine[] lines = new SharedLine[GSIS];
    private final PciWindows windows;
    private final PciBus root = new PciBus(null);
    private final ConfigAccess access = new ConfigAccess(root);
    private final ConfigAccess.Ports configPorts = new ConfigAccess.Ports(access);
    private final Map<PciBridge, RootPort> ports = new HashMap<>();

    /// DMA goes to guest memory as it is: no IOMMU.
    public PciHost(
            AddressSpace memory,
            AddressSpace io,
            MsiTarget msi,
            IrqLine[] gsi16to23,
            Strand configStrand,
            PciWindows windows) {
        this(memory, io, msi, gsi16to23, configStrand, windows, DmaTarget.direct(memory), Trace.none());
    }

    /// @param gsi16to23 the eight interrupt inputs that INTx pins share
    /// @param configStrand where host bridge and ISA bridge live
    /// @param trace the machine's log
    public PciHost(
            AddressSpace memory,
            AddressSpace io,
            MsiTarget msi,
            IrqLine[] gsi16to23,
            Strand configStrand,
            PciWindows windows,
            DmaTarget dma,
            Trace trace) {
        this.wiring =
                new Wiring(new Decoder(memory, io), msi, dma, new PciTrace(trace), fault -> faultWatch.faulted(fault));
        this.windows = windows;
        for (int i = 0; i < GSIS; i++) {
            lines[i] = new SharedLine(gsi16to23[i]);
        }
        memory.add(new Mapping.Device(ECAM_BASE, ECAM_BASE + ECAM_SIZE - 1, access.new Ecam(), configStrand, 0, false));
        io.add(new Mapping.Device(CONFIG_PORTS, CONFIG_PORTS + 7, configPorts, configStrand, 0, false));
        put(root, 0, hostBridge(configStrand));
        put(root, LPC_BRIDGE, isaBridge(configStrand));
    }

    private static PciFunction hostBridge(Strand strand) {
        return PciFunction.builder("q35-host-bridge", strand)
                .ids(INTEL, 0x29C0)
                .subsystem(0x1AF4, 0x1100)
                .classCode(0x060000)
                // PCIEXBAR: enabled, 256 MiB; it does not move.
                .register(0x60, 4, (int) ECAM_BASE | 1, 0, 0)
                .build();
    }

    private static PciFunction isaBridge(Strand strand) {
        return PciFunction.builder("ich9-lpc", strand)
                .ids(INTEL, 0x2918)
                .subsystem(0x1AF4, 0x1100)
                .revision(2)
                .classCode(0x060100)
                .build();
    }

    /// The global system interrupt of a pin of a device on the root bus, as the DSDT's _PRT must say it.
    ///
    /// @param pin 0 to 3 for INTA to INTD
    public static int gsi(int device, int pin) {
        return FIRST_GSI + (device + pin & GSIS - 1);
    }

    /// Who answers a byte access to port 0xCF9, which lies within the configuration ports.
    ///
    /// @param device sees offset 0
    public void resetControl(BusDevice device, Strand strand) {
        configPorts.resetControl(device, strand);
    }

    /// Says who hears of DMA that fails.
    public void onDmaFault(DmaFault.Watch watch) {
        faultWatch = watch;
    }

    /// Puts a function into the next free device number of the root bus.
    ///
    /// @throws PciException if none is free
    public Bdf add(PciFunction function) {
        for (int device = 1; device < 32; device++) {
            if (isFree(root, device)) {
                put(root, device << 3, function);
                return new Bdf(device << 3);
            }
        }
        throw new PciException("PCI: no slot/function available for " + function.name() + ", all in use or reserved");
    }

    /// Puts a function where the user asked for it.
    ///
    /// @param devfn device and function number on the root bus, or -1 for the next free device number
    /// @param multiFunction makes it one of several functions of its device
    /// @throws PciException if it cannot sit there
    public Bdf add(int devfn, boolean multiFunction, PciFunction function) {
        if (multiFunction) {
            function.strand().call(function::markMultiFunction);
        }
        if (devfn < 0) {
            return add(function);
        }
        var at = new Bdf(devfn);
        add(at, function);
        return at;
    }

    /// Puts a function at a place of the root bus.
    ///
    /// @throws PciException if the place is taken, or function 0 there is not a multi-function device
    public void add(Bdf at, PciFunction function) {
        if (at.bus() != 0) {
            throw new PciException("PCI: " + at + " is not on the root bus");
        }
        check(root, at.bits(), function);
        put(root, at.bits(), function);
    }

    /// Puts a root port on the root bus, where the user asked for it; as the function of the same name.
    public Bdf add(int devfn, boolean multiFunction, RootPort port) {
        var at = add(devfn, multiFunction, port.function());
        root.put(port.bridge());
        ports.put(port.bridge(), port);
        port.presenceAtPowerOn();
        return at;
    }

    /// Puts a card, or one of its functions, behind a root port that is on the root bus already.
    ///
    /// @param devfn device and function number, or -1 for 0
    /// @param hot whether the guest runs: the slot tells it of the card once that has a function 0
    /// @throws PciException if it cannot sit there
    public void add(RootPort behind, int devfn, boolean multiFunction, boolean hot, PciFunction function) {
        var bus = behind.bridge().secondary();
        int at = Math.max(devfn, 0);
        if (at >> 3 != 0) {
            throw new PciException("PCI: slot " + (at >> 3) + " is not valid for " + function.name()
                    + ", parent device only allows plugging into slot 0.");
        }
        var first = bus.at(0);
        if (first != null && hot && devfn != 0) {
            throw new PciException("PCI: slot 0 function 0 already occupied by " + first.name() + ", new func "
                    + function.name() + " cannot be exposed to guest.");
        }
        if (multiFunction) {
            function.strand().call(function::markMultiFunction);
        }
        check(bus, at, function);
        put(bus, at, function);
        if (hot) {
            behind.presenceChanged();
        } else {
            behind.presenceAtPowerOn();
        }
    }

    /// Whether this is function 0 of the card behind a port.
    public boolean isFirst(RootPort port, PciFunction function) {
        return port.bridge().secondary().at(0) == function;
    }

    /// Whether the card behind a port has a function 0, without which the guest does not see it.
    public boolean isExposed(RootPort port) {
        return port.bridge().secondary().at(0) != null;
    }

    private static boolean isFree(PciBus bus, int device) {
        for (int function = 0; function < 8; function++) {
            if (bus.at(device << 3 | function) != null) {
                return false;
            }
        }
        return true;
    }

    private static void check(PciBus bus, int devfn, PciFunction function) {
        var there = bus.at(devfn);
        int device = devfn >> 3;
        if (there != null) {
            throw new PciException("PCI: slot " + device + " function " + (devfn & 7) + " not available for "
                    + function.name() + ", in use by " + there.name());
        }
        var first = bus.at(device << 3);
        if ((devfn & 7) != 0 && first != null && !first.isMultiFunction()) {
            throw new PciException(String.format(
                    "PCI: single function device can't be populated in function %x.%x", device, devfn & 7));
        }
        if ((devfn & 7) == 0 && !function.isMultiFunction() && !isFree(bus, device)) {
            throw new PciException(String.format(
                    "PCI: %x.0 indicates single function, but a higher function is already populated.", device));
        }
    }

    private void put(PciBus bus, int devfn, PciFunction function) {
        int pin = function.interruptPin();
        int gsi = pin == 0 ? -1 : route(bus, devfn >> 3, pin - 1);
        var line = pin == 0 ? IrqLine.NONE : lines[gsi - FIRST_GSI].input();
        var port = new PciPort(bus, devfn, wiring, line, gsi);
        function.strand().call(() -> function.attach(port));
        bus.put(devfn, function);
    }

    /// The standard swizzle: behind a bridge a pin becomes the bridge's pin (device + pin) mod 4.
    private static int route(PciBus bus, int device, int pin) {
        var bridge = bus.bridge();
        var above = bridge == null ? null : bridge.function().port();
        return above == null ? gsi(device, pin) : route(above.bus(), above.devfn() >> 3, device + pin & 3);
    }

    /// Takes a function off its bus. When this returns, its BARs answer no more, its line is released, and it can send
    /// nothing; it is reset. What is behind a bridge goes with it. Unknown functions are ignored.
    public void remove(PciFunction function) {
        var place = function.port();
        if (place == null) {
            return;
        }
        var bus = place.bus();
        for (var bridge : List.copyOf(bus.bridges())) {
            if (bridge.function() == function) {
                bridge.secondary().functions().forEach(this::remove);
                bus.clear(bridge);
                ports.remove(bridge);
            }
        }
        bus.clear(place.devfn());
        function.strand().call(function::detach);
        var above = bus.bridge() == null ? null : ports.get(bus.bridge());
        if (above != null) {
            above.presenceChanged();
        }
    }

    /// The function that the guest reaches at `at`.
    public @Nullable PciFunction find(Bdf at) {
        return root.find(at.bus(), at.bits() & 0xFF);
    }

    /// All functions; those behind a bridge follow those of the bridge's bus.
    public List<PciFunction> functions() {
        var all = new ArrayList<PciFunction>();
        collect(root, all);
        return all;
    }

    private static void collect(PciBus bus, List<PciFunction> all) {
        all.addAll(bus.functions());
        bus.bridges().forEach(bridge -> collect(bridge.secondary(), all));
    }

    /// What firmware does before the guest starts: bus numbers, BARs, interrupt lines, decoding on.
    ///
    /// @throws PciException if a window is too small
    public void assignResources() {
        new ResourceAssignment(windows, ports).assign(root);
    }

    /// Resets every function. Afterwards nothing is decoded: call [#assignResources].
    public void reset() {
        configPorts.clear();
        for (var function : functions()) {
            function.strand().call(function::reset);
        }
    }
}
