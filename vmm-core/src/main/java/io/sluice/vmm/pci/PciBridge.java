package io.sluice.vmm.pci;

import io.sluice.vmm.loop.Strand;

/// A root port: a type 1 function and the bus behind it.
///
/// Bus numbers route configuration requests, and bus mastering gates what comes up. The memory and I/O windows are
/// kept but not enforced: a BAR behind the bridge answers where it is placed.
public final class PciBridge {
    private static final int BUSES_FIRST = BridgeReg.PRIMARY_BUS.offset;
    private static final int BUSES_LAST = BridgeReg.SECONDARY_LATENCY.offset;
    private static final int BUSES_WRITABLE = 0x00FF_FFFF;

    private final PciFunction function;
    private final PciBus secondary = new PciBus(this);
    private volatile int buses;

    private PciBridge(String name, Strand strand) {
        var builder = PciFunction.builder(name, strand)
                .ids(0x1B36, 0x000C)
                .classCode(0x060400)
                .bridgeHeader()
                .interruptPin(1);
        builder.powerManagement().pciExpress(PciExpress.Type.ROOT_PORT, false);
        function = builder.window(BUSES_FIRST, BUSES_LAST, new BusNumbers())
                .onReset(() -> buses = 0)
                .build();
    }

    /// A PCI Express root port with Red Hat's ids.
    public static PciBridge rootPort(String name, Strand strand) {
        return new PciBridge(name, strand);
    }

    public PciFunction function() {
        return function;
    }

    PciBus secondary() {
        return secondary;
    }

    int secondaryBus() {
        return buses >> 8 & 0xFF;
    }

    private int subordinateBus() {
        return buses >> 16 & 0xFF;
    }

    boolean forwards(int bus) {
        return secondaryBus() != 0 && bus >= secondaryBus() && bus <= subordinateBus();
    }

    void number(int primary, int secondaryNumber, int subordinate) {
        buses = primary | secondaryNumber << 8 | subordinate << 16;
    }

    private final class BusNumbers implements ConfigWindow {
        @Override
        public int read(int offset, int size) {
            return buses >>> 8 * (offset - BUSES_FIRST) & -1 >>> 32 - 8 * size;
        }

        @Override
        public void write(int offset, int size, int value) {
            int shift = 8 * (offset - BUSES_FIRST);
            int mask = (-1 >>> 32 - 8 * size) << shift & BUSES_WRITABLE;
            buses = buses & ~mask | value << shift & mask;
        }
    }
}
