package io.sluice.vmm.pci;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.MsiTarget;

/// What a function that sits on a bus can reach: its place and the way up.
final class PciPort {
    private final PciBus bus;
    private final int devfn;
    private final Decoder decoder;
    private final Decoder.Place place = new Decoder.Place();
    private final MsiTarget msi;
    private final DmaTarget dma;
    private final PciTrace told;
    private final DmaFault.Watch faults;
    private final IrqLine intx;
    private final int gsi;
    private Bdf bdf;

    PciPort(PciBus bus, int devfn, PciHost.Wiring wiring, IrqLine intx, int gsi) {
        this.bus = bus;
        this.devfn = devfn;
        this.decoder = wiring.decoder();
        this.msi = wiring.msi();
        this.dma = wiring.dma();
        this.told = wiring.told();
        this.faults = wiring.faults();
        this.intx = intx;
        this.gsi = gsi;
        this.bdf = new Bdf(devfn);
    }

    /// The requester id; the bus number in it is the one that the guest gave to the bridge above.
    Bdf bdf() {
        int bits = bus.number() << 8 | devfn;
        if (bdf.bits() != bits) {
            bdf = new Bdf(bits);
        }
        return bdf;
    }

    boolean upstreamIsMaster() {
        var bridge = bus.bridge();
        return bridge == null || bridge.routing().open() && bridge.function().isMaster();
    }

    PciBus bus() {
        return bus;
    }

    int devfn() {
        return devfn;
    }

    Decoder decoder() {
        return decoder;
    }

    /// What of the function is in the maps; the decoder's own.
    Decoder.Place place() {
        return place;
    }

    MsiTarget msi() {
        return msi;
    }

    DmaTarget dma() {
        return dma;
    }

    PciTrace told() {
        return told;
    }

    DmaFault.Watch faults() {
        return faults;
    }

    IrqLine intx() {
        return intx;
    }

    int gsi() {
        return gsi;
    }
}
