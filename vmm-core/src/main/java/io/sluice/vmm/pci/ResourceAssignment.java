package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.HeaderReg.COMMAND;
import static io.sluice.vmm.pci.HeaderReg.INTERRUPT_LINE;

import java.util.Comparator;

/// One pass over the hierarchy that gives every BAR a place, every bus a number and every bridge its windows.
/// Larger BARs come first, so each is aligned to its size without holes.
final class ResourceAssignment {
    private static final long MEMORY_GRAIN = 1L << 20;
    private static final long IO_GRAIN = 1L << 12;

    /// One window, handed out from the bottom.
    private static final class Cursor {
        private final String what;
        private final long last;
        private long next;

        Cursor(String what, long first, long last) {
            this.what = what;
            this.next = first;
            this.last = last;
        }

        long take(PciFunction function, Bar bar) {
            long first = next + bar.size() - 1 & -bar.size();
            if (first + bar.size() - 1 > last) {
                throw new PciException("PCI: no room in the " + what + " window for BAR " + bar.index() + " of "
                        + function.name() + " (" + bar.size() + " bytes)");
            }
            next = first + bar.size();
            return first;
        }

        long align(long grain) {
            next = next + grain - 1 & -grain;
            return next;
        }
    }

    private final Cursor io;
    private final Cursor memory32;
    private final Cursor memory64;
    private int lastBus;

    ResourceAssignment(PciWindows windows) {
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
        for (var bridge : bus.bridges()) {
            assign(bus, bridge);
        }
        bus.functions().forEach(this::enable);
    }

    private void place(PciFunction function, Bar bar, boolean behindBridge) {
        var from = switch (bar.kind()) {
            case IO -> io;
            case MEMORY32 -> memory32;
            // A bridge's window that is not prefetchable has 32 bits.
            case MEMORY64 -> behindBridge && !bar.prefetchable() ? memory32 : memory64;
        };
        long first = from.take(function, bar);
        function.strand().call(() -> {
            function.configWrite(bar.offset(), 4, (int) first);
            if (bar.kind() == Bar.Kind.MEMORY64) {
                function.configWrite(bar.offset() + 4, 4, (int) (first >> 32));
            }
        });
    }

    private void assign(PciBus bus, PciBridge bridge) {
        int number = ++lastBus;
        bridge.number(bus.number(), number, 255);
        long ioFirst = io.align(IO_GRAIN);
        long memoryFirst = memory32.align(MEMORY_GRAIN);
        long prefetchableFirst = memory64.align(MEMORY_GRAIN);
        assign(bridge.secondary());
        bridge.number(bus.number(), number, lastBus);
        long ioLast = io.align(IO_GRAIN) - 1;
        long memoryLast = memory32.align(MEMORY_GRAIN) - 1;
        long prefetchableLast = memory64.align(MEMORY_GRAIN) - 1;
        var function = bridge.function();
        // An unused window has its base above its limit, which closes it.
        function.strand().call(() -> {
            set(function, BridgeReg.IO_BASE, ioFirst >> 8);
            set(function, BridgeReg.IO_BASE_UPPER, ioFirst >> 16);
            set(function, BridgeReg.IO_LIMIT, ioLast >> 8);
            set(function, BridgeReg.IO_LIMIT_UPPER, ioLast >> 16);
            set(function, BridgeReg.MEMORY_BASE, memoryFirst >> 16);
            set(function, BridgeReg.MEMORY_LIMIT, memoryLast >> 16);
            set(function, BridgeReg.PREFETCHABLE_BASE, prefetchableFirst >> 16);
            set(function, BridgeReg.PREFETCHABLE_BASE_UPPER, prefetchableFirst >> 32);
            set(function, BridgeReg.PREFETCHABLE_LIMIT, prefetchableLast >> 16);
            set(function, BridgeReg.PREFETCHABLE_LIMIT_UPPER, prefetchableLast >> 32);
        });
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
