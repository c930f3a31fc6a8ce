package io.sluice.vmm.pci;

import io.sluice.vmm.loop.Strand;

/// A PCI Express root port with a slot (1b36:000c): a [PciBridge] whose link the [Slot] makes and breaks.
///
/// What the guest sees runs on the port's strand; the methods that change or ask the slot are for the thread that owns
/// the machine, which is in no strand and on no loop.
public final class RootPort {
    private static final int VENDOR = 0x1B36;
    private static final int DEVICE = 0x000C;
    private static final int BRIDGE_CLASS = 0x060400;

    /// What distinguishes one port from the next.
    ///
    /// @param slot the physical slot number, 13 bits
    /// @param port the port number of the link, 8 bits
    /// @param hotPlug whether cards come and go while the machine runs
    public record Settings(int slot, int port, boolean hotPlug, Reserve reserve) {
        public Settings {
            if (slot < 0 || slot > 0x1FFF || port < 0 || port > 0xFF) {
                throw new IllegalArgumentException("no such slot: " + slot + ", port " + port);
            }
        }

        public static Settings hotPlug(int slot) {
            return new Settings(slot, 0, true, Reserve.DEFAULT);
        }
    }

    /// Room that the port's windows have at least, in bytes; 0 for none.
    public record Reserve(long io, long memory, long prefetchable) {
        /// Enough for any card with a few small BARs.
        public static final Reserve DEFAULT = new Reserve(4 << 10, 2 << 20, 32 << 20);
    }

    private final Strand strand;
    private final Settings settings;
    private final PciBridge bridge;
    private final Slot slot;

    public RootPort(String name, Strand strand, Settings settings) {
        this.strand = strand;
        this.settings = settings;
        var builder = PciFunction.builder(name, strand)
                .ids(VENDOR, DEVICE)
                .classCode(BRIDGE_CLASS)
                .interruptPin(1)
                .powerManagement()
                .pciExpress(PciExpress.Type.ROOT_PORT, false)
                .msi(1, true, false);
        slot = new Slot(builder, settings.slot(), settings.port(), settings.hotPlug());
        bridge = new PciBridge(builder, new Link(), slot::reset);
        slot.connect(new Side());
        var msi = bridge.function().msi();
        if (msi != null) {
            msi.onEnableChange(slot::interruptKindChanged);
        }
    }

    public PciFunction function() {
        return bridge.function();
    }

    public boolean isHotPlug() {
        return settings.hotPlug();
    }

    PciBridge bridge() {
        return bridge;
    }

    Reserve reserve() {
        return settings.reserve();
    }

    /// Who hears what comes of unplug requests.
    public void listen(SlotEvents events) {
        strand.call(() -> slot.listen(events));
    }

    public SlotState state() {
        var state = new SlotState[1];
        strand.call(() -> state[0] = slot.state());
        return state[0];
    }

    /// Presses the attention button so that the guest gives up the card.
    ///
    /// @param request what [SlotEvents] is told with
    /// @return `true` if the slot is off already: the card can be taken out at once, and no event comes
    public boolean requestUnplug(Object request) {
        var off = new boolean[1];
        strand.call(() -> off[0] = slot.requestUnplug(request));
        return off[0];
    }

    /// A card has come or gone: function 0 is what makes one.
    void presenceChanged() {
        boolean present = bridge.secondary().at(0) != null;
        strand.call(() -> slot.setOccupied(present, present));
    }

    /// Before the machine starts there is nobody to tell.
    void presenceAtPowerOn() {
        presenceChanged();
        strand.call(() -> {
            bridge.function().reset();
        });
    }

    private final class Link implements PciBridge.Link {
        @Override
        public boolean isUp() {
            return slot.isLinkUp();
        }

        @Override
        public void secondaryReset(boolean asserted) {
            slot.secondaryReset(asserted);
        }
    }

    private final class Side implements Slot.PortSide {
        @Override
        public boolean usesMessages() {
            return function().usesMessages();
        }

        @Override
        public void message() {
            function().message(0);
        }

        @Override
        public void pin(boolean asserted) {
            function().intx(asserted);
        }

        @Override
        public void linkChanged(boolean up) {
            bridge.settle();
            if (!up) {
                bridge.secondary().resetBelow();
            }
        }
    }
}
