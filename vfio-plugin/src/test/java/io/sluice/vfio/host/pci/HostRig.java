package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/// A host made from lines as `nic endpoint < rp0 at=00.1 acs=true`: name, type, what it is behind, and members of the
/// description. Every device is a [Card].
final class HostRig implements AutoCloseable {
    static final int PAGE = 4096;

    final DirectLoop loop = new DirectLoop();
    final HostFrames frames = new HostFrames();
    final GuestRam ram = GuestRam.allocate(64L * PAGE);
    final HostFrames.Run memory = frames.add(ram);
    final Steps steps = new Steps();
    final Map<String, Card> cards = new HashMap<>();
    final Strand shared = loop.strand();
    final HostPci host;
    private int groups;

    HostRig(String lines) {
        this(HostConfig.of(properties(lines)));
    }

    HostRig(HostConfig config) {
        host = new HostPci(
                config,
                new HostPci.Ground(
                        frames,
                        steps,
                        loop::strand,
                        name -> name.equals("card") ? this::card : null,
                        () -> new IommuGroup(groups++),
                        Trace.none()));
    }

    private DeviceModel.Made card(DeviceModel.Order order) {
        var card = new Card(order);
        cards.put(order.name(), card);
        return new DeviceModel.Made(card.function(), card::close);
    }

    /// The lines as properties.
    static Map<String, String> properties(String lines) {
        var all = new LinkedHashMap<String, String>();
        int number = 0;
        for (var line : lines.lines().filter(line -> !line.isBlank()).toList()) {
            var prefix = "functions." + number++ + ".";
            one(line.strip()).forEach((key, value) -> all.put(prefix + key, value));
        }
        return all;
    }

    static Map<String, String> one(String line) {
        var all = new LinkedHashMap<String, String>();
        var words = line.split(" +");
        all.put("name", words[0]);
        all.put("type", words[1]);
        for (int i = 2; i < words.length; i++) {
            var pair = words[i].split("=", 2);
            if (words[i].equals("<")) {
                all.put("behind", words[++i]);
            } else {
                all.put(pair[0], pair[1]);
            }
        }
        if (words[1].matches("endpoint|integrated-endpoint|conventional")) {
            all.putIfAbsent("device", "card");
        }
        return all;
    }

    HostFunction at(String name) {
        var found = host.find(name);
        if (found == null) {
            throw new AssertionError("no function " + name);
        }
        return found;
    }

    Card card(String name) {
        return Objects.requireNonNull(cards.get(name), name);
    }

    HostFunction plug(String line) {
        return host.plug(HostConfig.function(one(line)));
    }

    /// Groups by number, with the names of their members.
    String groups() {
        return host.groups().stream()
                .map(group ->
                        host.members(group).stream().map(HostFunction::label).collect(Collectors.joining(" ")))
                .collect(Collectors.joining(" | "));
    }

    /// A domain that has all of the memory mapped from `iova` on.
    PagingDomain domain(String of, long iova) {
        var domain = at(of).iommu().unit().newPagingDomain(new DomainOptions(false, false, false));
        domain.map(new Iova(iova), memory, true, true);
        return domain;
    }

    /// Gives a function's group to a new owner, in a domain that has the memory at `iova`.
    Object own(String name, long iova) {
        var owner = new Object();
        var group = at(name).group();
        group.claim(owner);
        group.set(0, domain(name, iova));
        host.functions().stream().filter(function -> function.kind().isDevice()).forEach(HostRig::master);
        return owner;
    }

    /// Lets a function send.
    static void master(HostFunction function) {
        function.configWrite(4, 2, function.configRead(4, 2) | 4);
    }

    /// The host's physical address of a BAR.
    long bar(String name, int index) {
        return at(name).configRead(0x10 + 4 * index, 4) & 0xFFFF_FFF0L;
    }

    byte inMemory(long offset) {
        var read = new byte[1];
        ram.read(offset, read, 0, 1);
        return read[0];
    }

    @Override
    public void close() {
        host.close();
        frames.remove(memory);
        ram.close();
    }
}
