package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.BridgeReg.BRIDGE_CONTROL;
import static io.sluice.vmm.pci.BridgeReg.IO_BASE;
import static io.sluice.vmm.pci.BridgeReg.IO_BASE_UPPER;
import static io.sluice.vmm.pci.BridgeReg.IO_LIMIT;
import static io.sluice.vmm.pci.BridgeReg.IO_LIMIT_UPPER;
import static io.sluice.vmm.pci.BridgeReg.MEMORY_BASE;
import static io.sluice.vmm.pci.BridgeReg.MEMORY_LIMIT;
import static io.sluice.vmm.pci.BridgeReg.PREFETCHABLE_BASE;
import static io.sluice.vmm.pci.BridgeReg.PREFETCHABLE_BASE_UPPER;
import static io.sluice.vmm.pci.BridgeReg.PREFETCHABLE_LIMIT;
import static io.sluice.vmm.pci.BridgeReg.PREFETCHABLE_LIMIT_UPPER;
import static io.sluice.vmm.pci.BridgeReg.SECONDARY_BUS;
import static io.sluice.vmm.pci.BridgeReg.SUBORDINATE_BUS;

import java.util.List;

/// A type 1 function and the bus behind it (PCI Express Base 6.0 section 7.5.1.3).
///
/// Bus numbers route configuration requests; the windows and the command register say which memory and I/O requests
/// go down, and bus mastering whether anything comes up. Registers belong to the function's strand; what they amount
/// to is kept as one [BridgeRouting], which any thread reads.
final class PciBridge {
    private static final int SECONDARY_RESET = 1 << 6;
    private static final int ISA_ENABLE = 1 << 2;
    private static final int FIRST_REGISTER = BridgeReg.PRIMARY_BUS.offset;
    private static final int LAST_REGISTER = IO_LIMIT_UPPER.offset + IO_LIMIT_UPPER.size - 1;

    /// What a bridge is to the port that it belongs to. On the function's strand.
    interface Link {
        /// Whether the link to the bus behind is up.
        boolean isUp();

        /// The guest holds the bus behind in reset, or has let it go.
        void secondaryReset(boolean asserted);
    }

    private final PciFunction function;
    private final Link link;
    private final PciBus secondary = new PciBus(this);
    private volatile BridgeRouting routing = BridgeRouting.CLOSED;

    /// Finishes `builder`, whose function it becomes.
    PciBridge(PciFunctionBuilder builder, Link link, Runnable onReset) {
        this.link = link;
        int power = builder.powerManagement;
        function = builder.bridgeHeader()
                .watch(FIRST_REGISTER, LAST_REGISTER - FIRST_REGISTER + 1, this::settle)
                .watch(HeaderReg.COMMAND.offset, HeaderReg.COMMAND.size, this::settle)
                .watch(power + 4, 2, this::settle)
                .watch(BRIDGE_CONTROL.offset, BRIDGE_CONTROL.size, this::control)
                .onReset(() -> {
                    onReset.run();
                    settle();
                })
                .build();
    }

    PciFunction function() {
        return function;
    }

    PciBus secondary() {
        return secondary;
    }

    int devfn() {
        var port = function.port();
        return port == null ? 0 : port.devfn();
    }

    BridgeRouting routing() {
        return routing;
    }

    boolean holdsReset() {
        return (get(BRIDGE_CONTROL) & SECONDARY_RESET) != 0;
    }

    private void control() {
        link.secondaryReset(holdsReset());
        settle();
    }

    private int get(BridgeReg register) {
        return function.config().get(register.offset, register.size);
    }

    /// Brings into force what the registers and the link say.
    void settle() {
        routing = new BridgeRouting(
                get(SECONDARY_BUS),
                get(SUBORDINATE_BUS),
                link.isUp(),
                memory(),
                io(),
                (get(BRIDGE_CONTROL) & ISA_ENABLE) != 0);
        var port = function.port();
        if (port != null) {
            port.decoder().settle(secondary);
        }
    }

    private List<BridgeRouting.Range> memory() {
        if (!function.decodes(HeaderReg.COMMAND_MEMORY)) {
            return List.of();
        }
        long first = (get(MEMORY_BASE) & 0xFFF0L) << 16;
        long last = (get(MEMORY_LIMIT) & 0xFFF0L) << 16 | 0xF_FFFF;
        long prefetchableFirst = (get(PREFETCHABLE_BASE) & 0xFFF0L) << 16 | (long) get(PREFETCHABLE_BASE_UPPER) << 32;
        long prefetchableLast =
                (get(PREFETCHABLE_LIMIT) & 0xFFF0L) << 16 | 0xF_FFFF | (long) get(PREFETCHABLE_LIMIT_UPPER) << 32;
        var plain = new BridgeRouting.Range(first, last);
        var prefetchable = new BridgeRouting.Range(prefetchableFirst, prefetchableLast);
        return Long.compareUnsigned(first, prefetchableFirst) <= 0
                ? List.of(plain, prefetchable)
                : List.of(prefetchable, plain);
    }

    private List<BridgeRouting.Range> io() {
        if (!function.decodes(HeaderReg.COMMAND_IO)) {
            return List.of();
        }
        long first = (get(IO_BASE) & 0xF0L) << 8 | (long) get(IO_BASE_UPPER) << 16;
        long last = (get(IO_LIMIT) & 0xF0L) << 8 | 0xFFF | (long) get(IO_LIMIT_UPPER) << 16;
        return List.of(new BridgeRouting.Range(first, last));
    }
}
