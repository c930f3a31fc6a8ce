package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.pci.BusRoom.Space;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;

/// What the host's firmware does once, and its kernel again for what comes later: bus numbers, BARs, windows of
/// bridges,
/// decoding on. Larger things come first, so each is aligned to its size without holes.
final class Firmware {
    private static final int COMMAND = 0x04;
    private static final int COMMAND_IO = 1;
    private static final int COMMAND_MEMORY = 1 << 1;
    private static final int COMMAND_MASTER = 1 << 2;
    private static final int COMMAND_SERR = 1 << 8;
    private static final int LAST_BUS = 255;

    private static final AddressRoom IO = new AddressRoom(0x1000, 0xFFFF);
    private static final AddressRoom MEMORY = new AddressRoom(0xC000_0000L, 0xFEBF_FFFFL);
    private static final AddressRoom PREFETCHABLE = new AddressRoom(0x40_0000_0000L, 0x7F_FFFF_FFFFL);

    private int lastBus;

    /// Something that wants a place of one kind.
    private record Item(long length, long alignment, LongConsumer place) {}

    /// What a bus wants of one kind, laid out from 0 on.
    private static final class Layout {
        private final List<Item> items = new ArrayList<>();
        private final List<Long> offsets = new ArrayList<>();
        private long length;
        private long alignment = 1;

        void settle() {
            items.sort(Comparator.comparing((Item item) -> -item.alignment).thenComparing(item -> -item.length));
            for (var item : items) {
                long at = AddressRoom.align(length, item.alignment);
                offsets.add(at);
                length = at + item.length;
                alignment = Math.max(alignment, item.alignment);
            }
        }

        void place(long base, AddressRoom room) {
            for (int i = 0; i < items.size(); i++) {
                long at = base + offsets.get(i);
                room.take(at, items.get(i).length);
                items.get(i).place.accept(at);
            }
        }
    }

    private record Layouts(Layout io, Layout memory, Layout prefetchable) {
        Layout of(Space space) {
            return switch (space) {
                case IO -> io;
                case MEMORY -> memory;
                case PREFETCHABLE -> prefetchable;
            };
        }
    }

    /// Does all of it for a host that starts.
    ///
    /// @throws HostException ENOSPC if something finds no place
    void assign(HostBus root) {
        number(root);
        var layouts = layouts(root);
        var room = new BusRoom(fresh(IO), fresh(MEMORY), fresh(PREFETCHABLE), LAST_BUS);
        root.room(room);
        for (var space : Space.values()) {
            var layout = layouts.of(space);
            var there = room.of(space);
            long base = AddressRoom.align(there.first(), layout.alignment);
            if (base + layout.length - 1 > there.last()) {
                throw new HostException(
                        Errno.ENOSPC, "the host's functions want " + layout.length + " bytes of " + space);
            }
            layout.place(base, there);
        }
        enable(root);
    }

    private static AddressRoom fresh(AddressRoom like) {
        return new AddressRoom(like.first(), like.last());
    }

    private void number(HostBus bus) {
        for (var function : bus.functions()) {
            var below = function.belowBus();
            if (below != null) {
                below.number(++lastBus);
                BridgeWindows.number(function, bus.number(), below.number(), LAST_BUS);
                number(below);
                lastBus += function.config().hotPlug() ? 1 : 0;
                below.room(new BusRoom(AddressRoom.NONE, AddressRoom.NONE, AddressRoom.NONE, lastBus));
                BridgeWindows.number(function, bus.number(), below.number(), lastBus);
            }
        }
    }

    private static Layouts layouts(HostBus bus) {
        var layouts = new Layouts(new Layout(), new Layout(), new Layout());
        for (var function : bus.functions()) {
            for (var bar : BarItem.of(function, bus.bridge() != null)) {
                layouts.of(bar.space()).items.add(new Item(bar.length(), bar.alignment(), bar::place));
            }
            var below = function.belowBus();
            if (below != null) {
                var inside = layouts(below);
                for (var space : Space.values()) {
                    window(function, below, space, inside.of(space), layouts.of(space));
                }
            }
        }
        for (var space : Space.values()) {
            layouts.of(space).settle();
        }
        return layouts;
    }

    private static void window(HostFunction bridge, HostBus below, Space space, Layout inside, Layout outside) {
        long length = inside.length + (bridge.config().hotPlug() ? space.reserve : 0);
        long whole = AddressRoom.align(length, space.grain);
        if (whole == 0) {
            BridgeWindows.open(bridge, space, 0, -1);
            return;
        }
        outside.items.add(new Item(whole, Math.max(space.grain, inside.alignment), base -> {
            var room = new AddressRoom(base, base + whole - 1);
            BridgeWindows.open(bridge, space, room.first(), room.last());
            below.room(with(below.room(), space, room));
            inside.place(base, room);
        }));
    }

    private static BusRoom with(BusRoom room, Space space, AddressRoom of) {
        return new BusRoom(
                space == Space.IO ? of : room.io(),
                space == Space.MEMORY ? of : room.memory(),
                space == Space.PREFETCHABLE ? of : room.prefetchable(),
                room.lastBus());
    }

    private static void enable(HostBus bus) {
        for (var function : bus.functions()) {
            enable(function);
            var below = function.belowBus();
            if (below != null) {
                enable(below);
            }
        }
    }

    static void enable(HostFunction function) {
        int decode = COMMAND_SERR;
        if (function.bridge() != null) {
            decode |= COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER;
        }
        for (var bar : function.pci().bars()) {
            decode |= bar.kind() == io.sluice.vmm.pci.Bar.Kind.IO ? COMMAND_IO : COMMAND_MEMORY;
        }
        function.configWrite(COMMAND, 2, decode);
    }

    // ---- what comes later

    /// Gives places to a function that has come to a running host.
    ///
    /// @throws HostException ENOSPC if there is no room for one of them; then none is taken
    static void addLater(HostFunction function) {
        var bus = function.bus();
        List<BarItem> placed = new ArrayList<>();
        try {
            for (var bar : BarItem.of(function, bus.bridge() != null)) {
                long at = bus.room().of(bar.space()).find(bar.length(), bar.alignment());
                if (at < 0) {
                    throw new HostException(
                            Errno.ENOSPC,
                            "no room on " + bus + " for " + bar.length() + " bytes of " + function.label());
                }
                bar.place(at);
                placed.add(bar);
            }
            openLater(function);
        } catch (HostException refused) {
            placed.forEach(bar -> bus.room().of(bar.space()).give(bar.placed()));
            throw refused;
        }
        enable(function);
    }

    /// A bridge gets one of the bus numbers that were kept, and half of the room that was.
    private static void openLater(HostFunction function) {
        var below = function.belowBus();
        if (below == null) {
            return;
        }
        var bus = function.bus();
        int number = freeNumber(bus);
        below.number(number);
        var room = new BusRoom(AddressRoom.NONE, AddressRoom.NONE, AddressRoom.NONE, number);
        for (var space : Space.values()) {
            long length = Math.max(space.grain, space.reserve / 2);
            long at = bus.room().of(space).find(length, space.grain);
            BridgeWindows.open(function, space, at, at < 0 ? at - 1 : at + length - 1);
            room = at < 0 ? room : with(room, space, new AddressRoom(at, at + length - 1));
        }
        below.room(room);
        BridgeWindows.number(function, bus.number(), number, number);
    }

    private static int freeNumber(HostBus bus) {
        int highest = bus.number();
        for (var function : bus.functions()) {
            var below = function.belowBus();
            highest = Math.max(
                    highest,
                    below == null ? 0 : Math.max(below.number(), below.room().lastBus()));
        }
        if (highest >= bus.room().lastBus()) {
            throw new HostException(Errno.ENOSPC, "no bus number is left behind " + bus);
        }
        return highest + 1;
    }

    /// A function has gone: what it had is free again.
    static void giveBack(HostFunction function, List<BarItem> bars) {
        for (var bar : bars) {
            function.bus().room().of(bar.space()).give(bar.placed());
        }
        var below = function.belowBus();
        if (below != null) {
            for (var space : Space.values()) {
                var room = below.room().of(space);
                if (!room.isEmpty()) {
                    function.bus().room().of(space).give(room.first());
                }
            }
            below.room(BusRoom.NONE);
        }
    }
}
