package io.sluice.vmm.pci;

import static io.sluice.vmm.pci.PortRig.ON;
import static io.sluice.vmm.pci.PortRig.sends;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.Mapping;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a bridge lets through, and what not.
@Timeout(120)
final class BridgeWindowTest {
    private static final int COMMAND = 0x04;
    private static final int IO_BASE = 0x1C;
    private static final int MEMORY = 0x20;
    private static final int PREFETCHABLE = 0x24;
    private static final int CONTROL = 0x3E;

    private final PortRig rig = new PortRig();
    private final PciFunction card = rig.plug(3);

    @BeforeEach
    void enable() {
        rig.command(ON);
        rig.enableCard();
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private long at(long address) {
        return rig.board.memory.read(address, 1);
    }

    @Test
    void aBarInsideItsWindowAnswers() {
        assertThat(rig.memory()).isEqualTo(3);
        assertThat(rig.ports()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"0x1000_0000", "0xC020_0000", "0xFEB0_0000", "0x0008_0000"})
    void aBarOutsideItsWindowDoesNot(String place) {
        long address = Long.decode(place.replace("_", ""));

        rig.cardConfig(0x10, 4, address);

        assertThat(rig.board.memory.find(address)).isNotInstanceOf(Mapping.Device.class);
    }

    @Test
    void aWindowCutsABar() {
        var wide = PciFunction.builder("wide", rig.board.loop.strand())
                .ids(1, 2)
                .memoryBar(0, 4 << 20, new io.sluice.vmm.bus.BusDevice() {
                    @Override
                    public long read(long offset, int size) {
                        return offset >> 20;
                    }

                    @Override
                    public void write(long offset, int size, long value) {}
                })
                .build();
        rig.board.host.remove(card);
        rig.board.host.add(rig.port, -1, false, true, wide);
        rig.command(ON);
        rig.cardConfig(0x10, 4, 0xD000_0000L);
        rig.cardConfig(COMMAND, 2, 2);

        rig.set(MEMORY, 4, 0xD020_D010L);

        assertThat(List.of(at(0xD000_0000L), at(0xD010_0000L), at(0xD02F_FFFFL), at(0xD030_0000L)))
                .containsExactly(0xFFL, 1L, 2L, 0xFFL);
    }

    @Test
    void aClosedWindowLetsNothingThrough() {
        rig.set(MEMORY, 4, 0x0000_FFF0L);

        assertThat(rig.board.memory.find(0xC000_0000L)).isInstanceOf(Mapping.Nothing.class);
    }

    @Test
    void thePrefetchableWindowLetsAnyMemoryThroughToo() {
        rig.set(PREFETCHABLE, 4, 0xE001_E001L);
        rig.set(PREFETCHABLE + 4, 4, 0);
        rig.set(PREFETCHABLE + 8, 4, 0);

        rig.cardConfig(0x10, 4, 0xE008_0000L);

        assertThat(at(0xE008_0000L)).isEqualTo(3);
    }

    @Test
    void whereBothWindowsOverlapABarAnswersOnce() {
        rig.set(MEMORY, 4, 0xD010_D000L);
        rig.set(PREFETCHABLE, 4, 0xD021_D001L);
        rig.set(PREFETCHABLE + 4, 4, 0);
        rig.set(PREFETCHABLE + 8, 4, 0);

        rig.cardConfig(0x10, 4, 0xD010_0000L);

        assertThat(at(0xD010_0000L)).isEqualTo(3);
        assertThat(rig.board.memory.mappings().stream()
                        .filter(m -> m.first() >= 0xD000_0000L && m.first() < 0xD030_0000L))
                .hasSize(1);
    }

    @Test
    void aBridgeThatDoesNotDecodeMemoryHidesIt() {
        rig.set(COMMAND, 2, 5);
        var without = List.of(rig.memory(), rig.ports());
        rig.set(COMMAND, 2, 6);
        var other = List.of(rig.memory(), rig.ports());

        assertThat(without).containsExactly(0xFFL, 3L);
        assertThat(other).containsExactly(3L, 0xFFL);
    }

    @Test
    void aBridgeThatSleepsForwardsNothing() {
        rig.set(0x44, 2, 3);
        boolean sent = sends(card);
        long asleep = rig.memory();
        rig.set(0x44, 2, 0);

        assertThat(sent).isFalse();
        assertThat(asleep).isEqualTo(0xFF);
        assertThat(rig.memory()).isEqualTo(3);
    }

    @Test
    void masteringOfTheBridgeGatesMessagesOfTheCard() {
        int msi = 0x40;
        rig.cardConfig(msi + 4, 4, 0xFEE0_0000L);
        rig.cardConfig(msi + 12, 2, 9);
        rig.cardConfig(msi + 2, 2, 1);

        rig.set(COMMAND, 2, 3);
        card.message(0);
        int shut = rig.board.messages.size();
        rig.set(COMMAND, 2, 7);
        card.message(0);

        assertThat(shut).isZero();
        assertThat(rig.board.messages).hasSize(1);
    }

    @Test
    void isaEnableKeepsTheUpperPortsOfEachKibibyteUpstream() {
        long base = rig.ioWindow();
        rig.cardConfig(0x14, 4, base + 0x400);
        rig.set(CONTROL, 2, 4);
        long low = rig.board.io.read(base + 0x400, 1);
        rig.cardConfig(0x14, 4, base + 0x500);
        long high = rig.board.io.read(base + 0x500, 1);

        assertThat(low).isEqualTo(3);
        assertThat(high).isEqualTo(0xFF);
    }

    @Test
    void anIoWindowMayBeClosed() {
        rig.set(IO_BASE, 2, 0x00F0);

        assertThat(rig.ports()).isEqualTo(0xFF);
    }

    // ---- what firmware does

    @Test
    void anEmptySlotGetsRoomForWhatMayCome() {
        try (var empty = new PortRig()) {
            assertThat(empty.get(0x18, 4) & 0xFF_FFFF).isEqualTo(0x01_01_00);
            assertThat(empty.get(IO_BASE, 2) & 0xF0F0).isEqualTo(0x1010);
            assertThat(empty.get(MEMORY, 4)).isEqualTo(0xC010_C000);
            assertThat(empty.get(PREFETCHABLE, 4)).isEqualTo(0x01F1_0001);
            assertThat(empty.get(PREFETCHABLE + 4, 4)).isEqualTo(0x40);
            assertThat(empty.get(PREFETCHABLE + 8, 4)).isEqualTo(0x40);
        }
    }

    @Test
    void theUserSaysHowMuch() {
        var reserve = new RootPort.Reserve(0, 64 << 20, 1L << 30);
        try (var roomy = new PortRig(new RootPort.Settings(1, 0, true, reserve))) {
            assertThat(roomy.get(IO_BASE, 2) & 0xF0F0).isEqualTo(0x00F0);
            assertThat(roomy.get(MEMORY, 4)).isEqualTo(0xC3F0_C000);
            assertThat(roomy.get(PREFETCHABLE, 4)).isEqualTo(0x3FF1_0001);
        }
    }

    @Test
    void portsThatFindNoRoomForPortsGoWithoutAndNumbersFollowPlaces() {
        for (int device = 30; device > 10; device--) {
            rig.board.host.add(
                    device << 3,
                    false,
                    new RootPort("pcie-root-port", rig.board.loop.strand(), RootPort.Settings.hotPlug(device)));
        }

        rig.board.host.assignResources();

        assertThat(rig.board.config(11, 0x19, 1)).isEqualTo(2);
        assertThat(rig.board.config(30, 0x19, 1)).isEqualTo(21);
        assertThat(rig.board.config(11, IO_BASE, 2) & 0xF0F0).isEqualTo(0x2020);
        assertThat(rig.board.config(30, IO_BASE, 2) & 0xF0F0).isEqualTo(0x00F0);
    }

    @Test
    void aCardThatIsTooLargeForItsSlotStaysUnplaced() {
        var huge = PciFunction.builder("huge", rig.board.loop.strand())
                .ids(1, 2)
                .memoryBar(0, 1L << 31, new io.sluice.vmm.bus.BusDevice() {
                    @Override
                    public long read(long offset, int size) {
                        return 0;
                    }

                    @Override
                    public void write(long offset, int size, long value) {}
                })
                .build();
        rig.board.host.remove(card);
        rig.board.host.add(rig.port, -1, false, true, huge);

        rig.board.host.reset();
        rig.board.host.assignResources();

        assertThat(rig.ids()).isEqualTo(0x0002_0001);
        assertThat(rig.board.config(1, 0, 0, 0x10, 4)).isZero();
    }
}
