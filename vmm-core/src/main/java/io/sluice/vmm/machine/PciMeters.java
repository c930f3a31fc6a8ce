package io.sluice.vmm.machine;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.meter.Meter;
import io.sluice.vmm.pci.PciDma;
import io.sluice.vmm.pci.PciHost;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/// What the functions of the PCI topology have sent, by requester id. Looked up anew each time: functions come and go,
/// and the guest gives out the bus numbers.
final class PciMeters {
    private final PciHost host;

    PciMeters(PciHost host) {
        this.host = host;
    }

    List<Meter> now() {
        var all = new ArrayList<Meter>();
        for (var function : host.functions()) {
            var requester = function.requester();
            if (requester != null) {
                add(all, requester, function.dma());
            }
        }
        return all;
    }

    private static void add(List<Meter> all, Bdf requester, PciDma dma) {
        var from = requester.toString();
        var bytes = new Meter.About(Meter.Unit.BYTES, "Bytes that functions asked to move by DMA");
        var transactions = new Meter.About(Meter.Unit.NONE, "DMA requests that functions sent");
        all.add(counter("sluice.dma.bytes", bytes, Map.of("bdf", from, "direction", "read"), dma::readBytes));
        all.add(counter("sluice.dma.bytes", bytes, Map.of("bdf", from, "direction", "write"), dma::writtenBytes));
        all.add(counter("sluice.dma.transactions", transactions, Map.of("bdf", from, "direction", "read"), dma::reads));
        all.add(counter(
                "sluice.dma.transactions", transactions, Map.of("bdf", from, "direction", "write"), dma::writes));
        all.add(counter(
                "sluice.dma.refused",
                new Meter.About(Meter.Unit.NONE, "Requests and messages not sent, as bus mastering was off"),
                Map.of("bdf", from),
                dma::refused));
        all.add(counter(
                "sluice.dma.failed",
                new Meter.About(Meter.Unit.NONE, "DMA requests that were sent and not completed wholly"),
                Map.of("bdf", from),
                dma::failed));
        all.add(counter(
                "sluice.msi.messages",
                new Meter.About(Meter.Unit.NONE, "Message-signalled interrupts that functions sent"),
                Map.of("bdf", from),
                dma::messages));
    }

    private static Meter counter(String name, Meter.About about, Map<String, String> tags, LongSupplier value) {
        return new Meter.Counter(new Meter.Id(name, tags), about, value);
    }
}
