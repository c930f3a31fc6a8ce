package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.HeaderReg.COMMAND;
import static io.sluice.vmm.pci.HeaderReg.INTERRUPT_LINE;

import java.util.Comparator;
import java.util.Map;

/// One pass over the hierarchy that gives every BAR a place, every bus a number and every bridge its windows.
/// Larger BARs come first, so each is aligned to its size without holes.
///
/// A hot-plug port gets room for cards to come, as far as there is some: the guest's kernel places what it finds
/// later within the windows that are there. Port windows lie below the ports of the root bus, so that empty slots do
/// not
/// use up what devices need.
final class ResourceAssignment {
    private static final long MEMORY_GRAIN = 1L << 20;
    private static final long IO_GRAIN = 1L << 12;
    private static final long FIRST_BRIDGE_PORT = 0x1000;

    /// One window, handed out from the bottom.
    private static final class Cursor {
        private final String what;
        private final long last;
        private long next;
        private long windowFirst;

        Cursor(String what, long first, long last) {
            this.what = what;
            this.next = first;
            this.last = last;
        }

        /// @return where the BAR lies, or -1 if there is no room
        long take(Bar bar) {
            long first = next + bar.size() - 1 & -bar.size();
            if (first < next || first + bar.size() - 1 > last) {
                return -1;
            }
            next = first + bar.size();
            return first;
        }

        /// A bridge's window starts here.
        void open(long grain) {
            next = next + grain - 1 & -grain;
            windowFirst = next;
        }

        /// The window ends behind what was taken since [#open], or `reserve` bytes from its start if there is as much.
        Window end(long grain, long reserve) {
            long used = next + grain - 1 & -grain;
            long wanted = windowFirst + reserve + grain - 1 & -grain;
            next = wanted > used && wanted - 1 <= last ? wanted : used;
            return new Window(windowFirst, next - 1);
        }
    }

    /// `first..last`; closed if `last` is below `first`.
    private record Window(long first, long last) {
        boolean isClosed() {
            return last < first;
        }
    }

    private final Map<PciBridge, RootPort> ports;
    private final Cursor io;
    private final Cursor bridgeIo;
    private final Cursor memory32;
    private final Cursor memory64;
    private int lastBus;

    ResourceAssignment(PciWindows windows, Map<PciBridge, RootPort> ports) {
        this.ports = ports;
        bridgeIo = new Cursor("bridges' I/O", FIRST_BRIDGE_PORT, windows.ioFirst() - 1);
        io = new Cursor("I/O", windows.ioFirst(), windows.ioLast());
        memory32 = new Cursor("32-bit memory", windows.mem32First(), windows.mem32Last());
        memory64 = new Cursor("64-bit memory", windows.mem64First(), windows.mem64Last());
    }

    void assign(PciBus bus) {
        record Wish(PciFunction function, Bar bar) {}
        boolean behindBridge = bus.bridge() != null;
        bus.functions().stream()
                .flatMap(f -> f.bars().stream().map(b -> new Wish(f, b)))
                .sorted(Comparator.comparing((Wish w) -> -w.bar.size()))
                .forEach(w -> place(w.function, w.bar, behindBridge));
        bus.bridges().stream().sorted(Comparator.comparingInt(PciBridge::devfn)).forEach(bridge -> assign(bus, bridge));
        bus.functions().forEach(this::enable);
    }

    private void place(PciFunction function, Bar bar, boolean behindBridge) {
        var from = switch (bar.kind()) {
            case IO -> behindBridge ? bridgeIo : io;
            case MEMORY32 -> memory32;
            // A bridge's window that is not prefetchable has 32 bits.
            case MEMORY64 -> behindBridge && !bar.prefetchable() ? memory32 : memory64;
        };
        long first = from.take(bar);
        if (first < 0 && behindBridge) {
            return; // A card that is too large for its slot must not keep a machine from starting again.
        }
        if (first < 0) {
            throw new PciException("PCI: no room in the " + from.what + " window for BAR " + bar.index() + " of "
                    + function.name() + " (" + bar.size() + " bytes)");
        }
        function.strand().call(() -> {
            function.configWrite(bar.offset(), 4, (int) first);
            if (bar.kind() == Bar.Kind.MEMORY64) {
                function.configWrite(bar.offset() + 4, 4, (int) (first >> 32));
            }
        });
    }

    private void assign(PciBus bus, PciBridge bridge) {
        int number = ++lastBus;
        number(bridge, bus.number(), number, 255);
        bridgeIo.open(IO_GRAIN);
        memory32.open(MEMORY_GRAIN);
        memory64.open(MEMORY_GRAIN);
        assign(bridge.secondary());
        number(bridge, bus.number(), number, lastBus);
        var port = ports.get(bridge);
        var reserve = port == null ? new RootPort.Reserve(0, 0, 0) : port.reserve();
        var ioWindow = bridgeIo.end(IO_GRAIN, reserve.io());
        var memory = memory32.end(MEMORY_GRAIN, reserve.memory());
        var prefetchable = memory64.end(MEMORY_GRAIN, reserve.prefetchable());
        var function = bridge.function();
        function.strand().call(() -> {
            setIo(function, ioWindow);
            setMemory(function, memory);
            setPrefetchable(function, prefetchable);
        });
    }

    private static void number(PciBridge bridge, int primary, int secondary, int subordinate) {
        var function = bridge.function();
        function.strand().call(() -> {
            set(function, BridgeReg.PRIMARY_BUS, primary);
            set(function, BridgeReg.SECONDARY_BUS, secondary);
            set(function, BridgeReg.SUBORDINATE_BUS, subordinate);
        });
    }

    /// A closed window has its base above its limit.
    private static void setIo(PciFunction function, Window window) {
        long first = window.isClosed() ? 0xF000 : window.first;
        long last = window.isClosed() ? 0 : window.last;
        set(function, BridgeReg.IO_BASE, first >> 8);
        set(function, BridgeReg.IO_BASE_UPPER, first >> 16);
        set(function, BridgeReg.IO_LIMIT, last >> 8);
        set(function, BridgeReg.IO_LIMIT_UPPER, last >> 16);
    }

    private static void setMemory(PciFunction function, Window window) {
        set(function, BridgeReg.MEMORY_BASE, window.isClosed() ? 0xFFF0 : window.first >> 16);
        set(function, BridgeReg.MEMORY_LIMIT, window.isClosed() ? 0 : window.last >> 16);
    }

    private static void setPrefetchable(PciFunction function, Window window) {
        long first = window.isClosed() ? 0xFFF0_0000L : window.first;
        long last = window.isClosed() ? 0 : window.last;
        set(function, BridgeReg.PREFETCHABLE_BASE, first >> 16);
        set(function, BridgeReg.PREFETCHABLE_BASE_UPPER, first >> 32);
        set(function, BridgeReg.PREFETCHABLE_LIMIT, last >> 16);
        set(function, BridgeReg.PREFETCHABLE_LIMIT_UPPER, last >> 32);
    }

    private static void set(PciFunction function, BridgeReg register, long value) {
        function.configWrite(register.offset, register.size, (int) value);
    }

    private void enable(PciFunction function) {
        int decode = 0;
        for (var bar : function.bars()) {
            decode |= bar.isIo() ? HeaderReg.COMMAND_IO : HeaderReg.COMMAND_MEMORY;
        }
        boolean bridge = (function.config().get8(HeaderReg.HEADER_TYPE.offset) & 0x7F) == 1;
        int command = bridge
                ? HeaderReg.COMMAND_IO | HeaderReg.COMMAND_MEMORY | HeaderReg.COMMAND_MASTER | HeaderReg.COMMAND_SERR
                : decode == 0 ? 0 : decode | HeaderReg.COMMAND_SERR;
        int line = function.gsi();
        function.strand().call(() -> {
            if (line >= 0) {
                function.configWrite(INTERRUPT_LINE.offset, INTERRUPT_LINE.size, line);
            }
            function.configWrite(COMMAND.offset, COMMAND.size, command);
        });
    }
}
