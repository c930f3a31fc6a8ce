package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.PortRig.BLINKING;
import static io.sluice.vmm.pci.PortRig.LINK_CONTROL;
import static io.sluice.vmm.pci.PortRig.OFF;
import static io.sluice.vmm.pci.PortRig.ON;
import static io.sluice.vmm.pci.PortRig.SLOT_CAPABILITIES;
import static io.sluice.vmm.pci.PortRig.SLOT_STATUS;
import static io.sluice.vmm.pci.PortRig.sends;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class RootPortTest {
    private static final int BUTTON = 1;
    private static final int PRESENCE = 1 << 3;
    private static final int COMPLETED = 1 << 4;
    private static final int PRESENT = 1 << 6;
    private static final int LINK = 1 << 8;
    private static final int INTERRUPT_ON_ALL = 0x1020 | 0x1F;

    private final PortRig rig = new PortRig();

    @AfterEach
    void close() {
        rig.close();
    }

    // ---- what is there

    @Test
    void thePortSaysWhatItsSlotHas() {
        assertThat(rig.get(0, 4)).isEqualTo(0x000C_1B36);
        assertThat(rig.get(0x08, 4)).isEqualTo(0x0604_0000);
        assertThat(rig.get(0x0E, 1)).isEqualTo(1);
        assertThat(rig.get(PortRig.EXPRESS + 2, 2)).isEqualTo(2 | 4 << 4 | 1 << 8);
        assertThat(rig.get(PortRig.EXPRESS + 0x0C, 4) & 1 << 20).isNotZero();
        // Button, power controller, both indicators, hot-plug; no surprise, no latch, no interlock; slot 5.
        assertThat(rig.get(SLOT_CAPABILITIES, 4)).isEqualTo(0x5B | 5 << 19);
    }

    @Test
    void aPortWithoutHotPlugHasAnOrdinarySlot() {
        try (var fixed = new PortRig(new RootPort.Settings(7, 0, false, RootPort.Reserve.DEFAULT))) {
            fixed.board.host.add(fixed.port, -1, false, false, fixed.card(3));
            fixed.board.host.assignResources();
            fixed.command(0xFFFF);

            assertThat(fixed.get(SLOT_CAPABILITIES, 4)).isEqualTo(7 << 19);
            assertThat(fixed.control()).isZero();
            assertThat(fixed.status()).isEqualTo(PRESENT);
            assertThat(fixed.ids()).isEqualTo(0x0003_1234);
        }
    }

    @Test
    void anEmptySlotStartsWithoutPower() {
        assertThat(rig.control()).isEqualTo(OFF);
        assertThat(rig.status()).isZero();
        assertThat(rig.linkIsUp()).isFalse();
        assertThat(rig.ids()).isEqualTo(-1);
    }

    @Test
    void anOccupiedSlotStartsWithPower() {
        rig.plug(3);

        rig.board.host.reset();
        rig.board.host.assignResources();

        assertThat(rig.control()).isEqualTo(ON);
        assertThat(rig.status()).isEqualTo(PRESENT);
        assertThat(rig.linkIsUp()).isTrue();
        assertThat(rig.ids()).isEqualTo(0x0003_1234);
        assertThat(rig.memory()).isEqualTo(3);
    }

    // ---- a card comes

    @Test
    void aCardThatComesIsTold() {
        rig.plug(3);

        assertThat(rig.status()).isEqualTo(PRESENT | PRESENCE | BUTTON);
        assertThat(rig.linkIsUp()).isFalse();
        assertThat(rig.ids()).isEqualTo(-1);
    }

    @Test
    void powerBringsTheLinkUpAndTheCardCanBeUsed() {
        var card = rig.plug(3);
        rig.clearStatus();

        rig.command(ON);
        rig.enableCard();

        assertThat(rig.status()).isEqualTo(PRESENT | COMPLETED | LINK);
        assertThat(rig.linkIsUp()).isTrue();
        assertThat(rig.ids()).isEqualTo(0x0003_1234);
        assertThat(rig.memory()).isEqualTo(3);
        assertThat(rig.ports()).isEqualTo(3);
        assertThat(sends(card)).isTrue();
    }

    @Test
    void powerWithoutACardBringsNoLink() {
        rig.command(ON);

        assertThat(rig.status()).isEqualTo(COMPLETED);
        assertThat(rig.linkIsUp()).isFalse();
    }

    @Test
    void aCardIsSeenWhenItHasAFunction0() {
        rig.board.host.add(rig.port, 1, true, true, rig.card(4));
        int before = rig.status();
        rig.board.host.add(rig.port, 0, true, true, rig.card(3));
        rig.command(ON);

        assertThat(before).isZero();
        assertThat(rig.status() & PRESENT).isNotZero();
        assertThat(rig.board.config(1, 0, 1, 0, 4)).isEqualTo(0x0004_1234);
    }

    @Test
    void anOccupiedSlotTakesNoSecondCard() {
        rig.plug(3);

        assertThatThrownBy(() -> rig.plug(4))
                .hasMessage("PCI: slot 0 function 0 already occupied by card, new func card cannot be exposed to"
                        + " guest.");
        assertThatThrownBy(() -> rig.board.host.add(rig.port, 2 << 3, false, true, rig.card(4)))
                .hasMessage("PCI: slot 2 is not valid for card, parent device only allows plugging into slot 0.");
    }

    // ---- registers

    @Test
    void onesClearEventsAndNothingElse() {
        rig.plug(3);

        rig.set(SLOT_STATUS, 2, PRESENCE | PRESENT);
        int rest = rig.status();
        rig.clearStatus();

        assertThat(rest).isEqualTo(PRESENT | BUTTON);
        assertThat(rig.status()).isEqualTo(PRESENT);
    }

    @Test
    void eachCommandCompletes() {
        for (int command : List.of(ON, BLINKING, OFF, OFF)) {
            rig.clearStatus();
            rig.command(command);
            assertThat(rig.status()).isEqualTo(COMPLETED);
            assertThat(rig.control()).isEqualTo(command);
        }
    }

    @Test
    void aByteOfTheRegisterIsACommandToo() {
        rig.set(PortRig.SLOT_CONTROL + 1, 1, BLINKING >> 8);

        assertThat(rig.control()).isEqualTo(BLINKING);
        assertThat(rig.status()).isEqualTo(COMPLETED);
    }

    @Test
    void anIndicatorIgnoresTheReservedCode() {
        rig.command(BLINKING);
        rig.command(0);

        assertThat(rig.control()).isEqualTo(BLINKING);
        assertThat(rig.port.state().power()).isEqualTo(SlotState.Indicator.BLINKING);
    }

    @Test
    void theInterlockIsAnEmptyPromise() {
        rig.command(OFF | 1 << 11);

        assertThat(rig.control()).isEqualTo(OFF);
    }

    @Test
    void theLinkCanBeDisabled() {
        rig.plug(3);
        rig.command(ON);
        rig.enableCard();
        rig.clearStatus();

        rig.set(LINK_CONTROL, 2, 1 << 4);

        assertThat(rig.linkIsUp()).isFalse();
        assertThat(rig.status()).isEqualTo(PRESENT | LINK);
        assertThat(rig.ids()).isEqualTo(-1);
        assertThat(rig.memory()).isEqualTo(0xFF);
        rig.set(LINK_CONTROL, 2, 0);
        assertThat(rig.ids()).isEqualTo(0x0003_1234);
        // The card was reset.
        assertThat(rig.board.config(1, 0, 0, 4, 2)).isZero();
    }

    @Test
    void aSecondaryBusResetResetsTheCard() {
        var card = rig.plug(3);
        rig.command(ON);
        rig.enableCard();

        rig.set(0x3E, 2, 0x40);
        boolean sent = sends(card);
        int held = rig.ids();
        rig.set(0x3E, 2, 0);

        assertThat(sent).isFalse();
        assertThat(held).isEqualTo(-1);
        assertThat(rig.ids()).isEqualTo(0x0003_1234);
        assertThat(rig.board.config(1, 0, 0, 0x10, 4)).isZero();
        assertThat(rig.memory()).isEqualTo(0xFF);
    }

    // ---- interrupts

    @Test
    void anEventRaisesThePinUntilItIsCleared() {
        rig.command(OFF | INTERRUPT_ON_ALL);
        rig.clearStatus();
        boolean before = rig.board.lines[PortRig.PORT];

        rig.plug(3);
        boolean raised = rig.board.lines[PortRig.PORT];
        rig.set(SLOT_STATUS, 2, PRESENCE);
        boolean half = rig.board.lines[PortRig.PORT];
        rig.clearStatus();

        assertThat(List.of(before, raised, half)).containsExactly(false, true, true);
        assertThat(rig.board.lines[PortRig.PORT]).isFalse();
    }

    @Test
    void aMessageGoesOutWhenAnEventComesUpWhereNoneWas() {
        int msi = rig.get(PortRig.EXPRESS + 1, 1);
        rig.set(msi + 4, 4, 0xFEE0_0000L);
        rig.set(msi + 12, 2, 0x31);
        rig.set(msi + 2, 2, 1);
        rig.command(OFF | INTERRUPT_ON_ALL);
        rig.clearStatus();
        rig.board.messages.clear();

        rig.plug(3);
        rig.command(ON | INTERRUPT_ON_ALL);
        int first = rig.board.messages.size();
        rig.clearStatus();
        rig.command(ON | INTERRUPT_ON_ALL);

        assertThat(first).isEqualTo(1);
        assertThat(rig.board.messages).hasSize(2);
        assertThat(rig.board.messages.getFirst().data()).isEqualTo(0x31);
        assertThat(rig.board.lines[PortRig.PORT]).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x1000, 0x1F, 0x20, 0x101F})
    void withoutItsEnableNothingInterrupts(int enables) {
        rig.command(OFF | enables & ~COMPLETED & ~0x20 | (enables == 0x20 ? 0x20 : 0));

        rig.plug(3);
        rig.command(ON | rig.control() & 0x103F);

        assertThat(rig.board.rises[PortRig.PORT]).isZero();
    }

    // ---- a card goes

    @Test
    void anUnplugPressesTheButton() {
        rig.plug(3);
        rig.command(ON);
        rig.clearStatus();

        boolean off = rig.port.requestUnplug("it");

        assertThat(off).isFalse();
        assertThat(rig.status()).isEqualTo(PRESENT | BUTTON);
        assertThat(rig.events).isEmpty();
    }

    @Test
    void aSlotThatIsOffNeedNotBeAsked() {
        rig.plug(3);
        rig.clearStatus();

        assertThat(rig.port.requestUnplug("it")).isTrue();
        assertThat(rig.status()).isEqualTo(PRESENT);
    }

    @Test
    void theGuestConsentsByPowerAndIndicatorOff() {
        rig.plug(3);
        rig.command(ON);
        rig.port.requestUnplug("it");

        rig.command(BLINKING);
        rig.command(BLINKING | 0x400);
        var half = List.copyOf(rig.events);
        rig.command(OFF);
        rig.command(OFF);

        assertThat(half).isEmpty();
        assertThat(rig.events).containsExactly("released it");
    }

    @Test
    void theGuestRefusesByAnIndicatorThatIsSteadyAgain() {
        rig.plug(3);
        rig.command(ON);
        rig.port.requestUnplug("it");

        rig.command(ON);
        rig.command(BLINKING);
        rig.command(ON);
        rig.command(OFF);

        assertThat(rig.events).containsExactly("refused it");
    }

    @Test
    void aCardWithoutPowerIsOutOfReachAndComesBackReset() {
        var card = rig.plug(3);
        rig.command(ON);
        rig.enableCard();
        card.intx(true);

        rig.command(OFF);
        var without = List.of(rig.ids(), (int) rig.memory(), (int) rig.ports());
        boolean sent = sends(card);
        rig.command(ON);

        assertThat(without).containsExactly(-1, 0xFF, 0xFF);
        assertThat(sent).isFalse();
        assertThat(rig.board.lines).containsOnly(false);
        assertThat(rig.ids()).isEqualTo(0x0003_1234);
        assertThat(rig.board.config(1, 0, 0, 4, 2)).isZero();
        assertThat(rig.events).isEmpty();
    }

    @Test
    void aResetForgetsWhatWasAsked() {
        rig.plug(3);
        rig.command(ON);
        rig.port.requestUnplug("it");

        rig.board.host.reset();
        rig.command(OFF);

        assertThat(rig.events).isEmpty();
    }

    @Test
    void twoHundredCardsLeaveNothing() {
        var memory = rig.board.memory.mappings();
        var io = rig.board.io.mappings();
        PciFunction card = null;

        for (int i = 0; i < 200; i++) {
            rig.clearStatus();
            card = rig.plug(i & 0x7F);
            rig.command(ON);
            rig.enableCard();
            card.intx(i % 2 == 0);
            assertThat(rig.memory()).isEqualTo(i & 0x7F);
            rig.port.requestUnplug(i);
            rig.command(OFF);
            rig.board.host.remove(card);
            assertThat(rig.status() & (PRESENT | PRESENCE)).isEqualTo(PRESENCE);
            assertThat(sends(card)).isFalse();
            assertThat(rig.board.lines).containsOnly(false);
        }

        assertThat(rig.events).hasSize(200);
        assertThat(rig.board.memory.mappings()).isEqualTo(memory);
        assertThat(rig.board.io.mappings()).isEqualTo(io);
        assertThat(rig.board.loop.pendingTimers()).isZero();
        assertThat(rig.board.host.functions()).hasSize(3);
    }

    /// A vCPU may have looked an address up just before the card went, and come to it afterwards.
    @Test
    void aRequesterThatIsLateFindsNothing() {
        var card = rig.plug(3);
        rig.command(ON);
        rig.enableCard();
        var mapping = (io.sluice.vmm.bus.Mapping.Device) rig.board.memory.find(rig.window());

        rig.board.host.remove(card);

        assertThat(mapping.device().read(0, 1)).isEqualTo(-1);
    }
}
