package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.SlotReg.LINK_CONTROL;
import static io.sluice.vmm.pci.SlotReg.LINK_STATUS;
import static io.sluice.vmm.pci.SlotReg.SLOT_CONTROL;
import static io.sluice.vmm.pci.SlotReg.SLOT_STATUS;

import org.jspecify.annotations.Nullable;

/// The slot behind a root port: its card, its power, its two indicators and its button (PCI Express Base 6.0
/// section 6.7). On the port's strand.
///
/// The link is up while a card is in, the slot has power, and neither the link is disabled nor the bus held in reset.
/// When it falls, everything behind is reset. Each write of the control register is a command, and completes at once.
final class Slot {
    private final ConfigSpace config;
    private final int base;
    private final boolean hotPlug;
    private PortSide port = new Unconnected();
    private SlotEvents events = SlotEvents.NONE;
    private boolean occupied;
    private boolean held;
    private boolean linkUp;
    private int control;
    private boolean raised;
    private @Nullable Object unplug;
    private boolean blinked;

    /// What the slot needs of its port.
    interface PortSide {
        /// Whether messages are on, so that the pin must rest.
        boolean usesMessages();

        void message();

        void pin(boolean asserted);

        /// The link went up or down.
        void linkChanged(boolean up);
    }

    Slot(PciFunctionBuilder builder, int number, int portNumber, boolean hotPlug) {
        this.config = builder.config;
        this.base = builder.express;
        this.hotPlug = hotPlug;
        define(number, portNumber);
        if (hotPlug) {
            builder.watch(at(SLOT_CONTROL), SLOT_CONTROL.size, this::commanded)
                    .watch(at(SLOT_STATUS), SLOT_STATUS.size, this::settleInterrupt);
        }
        builder.watch(at(LINK_CONTROL), LINK_CONTROL.size, this::settleLink);
    }

    private void define(int number, int portNumber) {
        int capabilities = number << SlotReg.SLOT_NUMBER_SHIFT;
        if (hotPlug) {
            capabilities |= SlotReg.ATTENTION_BUTTON_PRESENT
                    | SlotReg.POWER_CONTROLLER_PRESENT
                    | SlotReg.ATTENTION_INDICATOR_PRESENT
                    | SlotReg.POWER_INDICATOR_PRESENT
                    | SlotReg.HOT_PLUG_CAPABLE;
        }
        set(SlotReg.CAPABILITIES, get(SlotReg.CAPABILITIES) | SlotReg.SLOT_IMPLEMENTED);
        set(
                SlotReg.LINK_CAPABILITIES,
                get(SlotReg.LINK_CAPABILITIES) | SlotReg.LINK_ACTIVE_REPORTING | portNumber << 24);
        config.define(at(SlotReg.SLOT_CAPABILITIES), 4, capabilities, 0, 0);
        config.define(at(SLOT_CONTROL), 2, 0, hotPlug ? SLOT_CONTROL.writable : 0, 0);
        config.define(at(SLOT_STATUS), 2, 0, 0, hotPlug ? SlotReg.EVENTS : 0);
        config.define(at(SlotReg.ROOT_CONTROL), 2, 0, SlotReg.ROOT_CONTROL.writable, 0);
        config.define(at(SlotReg.ROOT_STATUS), 4, 0, 0, SlotReg.PME_STATUS);
    }

    void connect(PortSide side) {
        port = side;
    }

    void listen(SlotEvents listener) {
        events = listener;
    }

    private int at(SlotReg register) {
        return base + register.offset;
    }

    private int get(SlotReg register) {
        return config.get(at(register), register.size);
    }

    private void set(SlotReg register, int value) {
        config.set(at(register), register.size, value);
    }

    boolean isLinkUp() {
        return linkUp;
    }

    SlotState state() {
        return new SlotState(occupied, hasPower(control), attention(control), power(control));
    }

    private static boolean hasPower(int control) {
        return (control & SlotReg.POWER_OFF) == 0;
    }

    private static SlotState.Indicator power(int control) {
        return SlotState.Indicator.of(control >> SlotReg.POWER_SHIFT);
    }

    private static SlotState.Indicator attention(int control) {
        return SlotState.Indicator.of(control >> SlotReg.ATTENTION_SHIFT);
    }

    // ---- what the guest does

    private void commanded() {
        int before = control;
        int now = get(SLOT_CONTROL) & ~SlotReg.INTERLOCK;
        // An indicator cannot be told to be in no state: it stays as it is.
        now = keepIfReserved(now, before, SlotReg.ATTENTION_SHIFT);
        now = keepIfReserved(now, before, SlotReg.POWER_SHIFT);
        control = now;
        set(SLOT_CONTROL, now);
        settleLink();
        followUnplug(before);
        raise(SlotReg.COMMAND_COMPLETED);
    }

    private static int keepIfReserved(int now, int before, int shift) {
        return (now >> shift & 3) != 0 ? now : now | before & 3 << shift;
    }

    /// The guest consents to an unplug by having power and power indicator off, and refuses it by an indicator that
    /// blinked and is steady again.
    private void followUnplug(int before) {
        var request = unplug;
        if (request == null) {
            return;
        }
        var indicator = power(control);
        if (isOff()) {
            unplug = null;
            events.released(request);
        } else if (indicator == SlotState.Indicator.BLINKING) {
            blinked = true;
        } else if (blinked && hasPower(control) && hasPower(before) && indicator == SlotState.Indicator.ON) {
            unplug = null;
            events.refused(request);
        }
    }

    private boolean isOff() {
        return !hasPower(control) && power(control) == SlotState.Indicator.OFF;
    }

    void secondaryReset(boolean asserted) {
        held = asserted;
        settleLink();
    }

    private void settleLink() {
        boolean up = occupied && hasPower(control) && !held && (get(LINK_CONTROL) & SlotReg.LINK_DISABLE) == 0;
        if (up == linkUp) {
            return;
        }
        linkUp = up;
        showLink();
        if (hotPlug) {
            raise(SlotReg.LINK_STATE_CHANGED);
        }
        port.linkChanged(up);
    }

    private void showLink() {
        int status = get(LINK_STATUS) & ~SlotReg.LINK_ACTIVE;
        set(LINK_STATUS, linkUp ? status | SlotReg.LINK_ACTIVE : status);
    }

    // ---- what the user does

    /// A card was put in or taken out.
    ///
    /// @param press whether the button is pressed with it, as who puts a card in does
    void setOccupied(boolean present, boolean press) {
        unplug = null;
        if (present == occupied) {
            return;
        }
        occupied = present;
        showPresence();
        settleLink();
        if (hotPlug) {
            raise(SlotReg.PRESENCE_CHANGED | (press ? SlotReg.BUTTON_PRESSED : 0));
        }
    }

    private void showPresence() {
        int status = get(SLOT_STATUS) & ~SlotReg.PRESENT;
        set(SLOT_STATUS, occupied ? status | SlotReg.PRESENT : status);
    }

    /// Asks the guest to let the card go, by the button.
    ///
    /// @param request what [SlotEvents] tells back
    /// @return whether the slot is off already, so that nobody need be asked
    boolean requestUnplug(Object request) {
        if (isOff()) {
            return true;
        }
        unplug = request;
        blinked = false;
        raise(SlotReg.BUTTON_PRESSED);
        return false;
    }

    // ---- interrupts

    private void raise(int status) {
        set(SLOT_STATUS, get(SLOT_STATUS) | status);
        settleInterrupt();
    }

    /// Section 6.7.3.4: a message when an enabled event comes up where none was; the pin as long as one is there.
    void settleInterrupt() {
        int status = get(SLOT_STATUS);
        // Bits 4:0 enable the events of the same bits.
        boolean event = (status & control & 0x1F) != 0
                || (status & SlotReg.LINK_STATE_CHANGED) != 0 && (control & SlotReg.LINK_STATE_ENABLE) != 0;
        boolean now = event && (control & SlotReg.HOT_PLUG_INTERRUPT) != 0;
        boolean messages = port.usesMessages();
        port.pin(now && !messages);
        if (now && !raised && messages) {
            port.message();
        }
        raised = now;
    }

    /// The guest turned messages on or off: what is there is told the new way.
    void interruptKindChanged() {
        raised = false;
        settleInterrupt();
    }

    /// As at power-on: a card that is in has power; an empty slot has none.
    void reset() {
        unplug = null;
        raised = false;
        held = false;
        if (hotPlug) {
            int indicator = occupied ? SlotState.Indicator.ON.code : SlotState.Indicator.OFF.code;
            control = SlotState.Indicator.OFF.code << SlotReg.ATTENTION_SHIFT
                    | indicator << SlotReg.POWER_SHIFT
                    | (occupied ? 0 : SlotReg.POWER_OFF);
            set(SLOT_CONTROL, control);
        }
        linkUp = occupied;
        showPresence();
        showLink();
        settleInterrupt();
    }

    private static final class Unconnected implements PortSide {
        @Override
        public boolean usesMessages() {
            return false;
        }

        @Override
        public void message() {}

        @Override
        public void pin(boolean asserted) {}

        @Override
        public void linkChanged(boolean up) {}
    }
}
