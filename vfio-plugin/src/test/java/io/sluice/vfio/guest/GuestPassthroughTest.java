package io.sluice.vfio.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.testkit.Copier;
import io.sluice.vfio.testkit.Passthrough;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.testkit.PciBoard;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A guest with functions of the host: NVMe, edu and a device that copies.
@Timeout(120)
class GuestPassthroughTest {
    private static final int DEVICE = 3;
    private static final int COMMAND = 0x04;
    private static final int EDU_FACTORIAL = 0x08;
    private static final int EDU_STATUS = 0x20;
    private static final int EDU_RAISE = 0x60;
    private static final int EDU_ACKNOWLEDGE = 0x64;
    private static final int EDU_SOURCE = 0x80;
    private static final int EDU_DESTINATION = 0x88;
    private static final int EDU_COUNT = 0x90;
    private static final int EDU_COMMAND = 0x98;
    private static final long EDU_BUFFER = 0x4_0000;

    private final Passthrough rig = new Passthrough();
    private final PciBoard board = rig.board;
    private Passthrough.@Nullable Bound passed;
    private @Nullable GuestFunction seen;
    private long bar;

    @AfterEach
    void close() {
        rig.close();
    }

    private void pass(String name) {
        var bound = rig.open(name);
        passed = bound;
        bound.reach(0);
        var guest = new GuestFunction("vfio-pci", bound.vfio, true);
        seen = guest;
        board.host.add(Bdf.of(0, DEVICE, 0), guest.function());
        board.host.assignResources();
        board.enable(DEVICE, 6);
        bar = board.bar(DEVICE, 0);
    }

    private Passthrough.Bound bound() {
        return Objects.requireNonNull(passed);
    }

    private GuestFunction guest() {
        return Objects.requireNonNull(seen);
    }

    private long read(long at, int size) {
        board.loop.run();
        return board.memory.read(bar + at, size);
    }

    private void write(long at, int size, long value) {
        board.memory.write(bar + at, size, value);
        board.loop.run();
    }

    private int capability(int id) {
        for (int at = board.config(DEVICE, 0x34, 1) & 0xFF; at != 0; at = board.config(DEVICE, at + 1, 1) & 0xFF) {
            if ((board.config(DEVICE, at, 1) & 0xFF) == id) {
                return at;
            }
        }
        return 0;
    }

    private void useMsix(int vector, int data) {
        write(0x1000 + 16L * vector, 8, 0xFEE0_0000L);
        write(0x1008 + 16L * vector, 4, data);
        write(0x100C + 16L * vector, 4, 0);
    }

    private void enableMsix() {
        board.config(DEVICE, capability(0x11) + 2, 2, 0x8000);
    }

    private byte ram(int at) {
        var one = new byte[1];
        board.ram.read(at, one, 0, 1);
        return one[0];
    }

    @Test
    void theGuestSeesTheFunctionsCapabilitiesInOneChain() {
        pass("copier0");
        var seen = new StringBuilder();

        for (int at = board.config(DEVICE, 0x34, 1) & 0xFF; at != 0; at = board.config(DEVICE, at + 1, 1) & 0xFF) {
            seen.append(String.format("%02x:%02x ", at, board.config(DEVICE, at, 1) & 0xFF));
        }

        assertThat(seen.toString()).isEqualTo("40:01 48:05 60:11 6c:09 74:10 ");
        assertThat(board.config(DEVICE, 0, 4)).isEqualTo(0xC0B1_1234);
        assertThat(board.config(DEVICE, capability(0x10), 4) >>> 16).isEqualTo(2);
        assertThat(guest().function().configRead(0x100, 4) & 0xFFFF).isNotZero();
    }

    @Test
    void theGuestsBarIsTheHostsAndMovesAlone() {
        pass("copier0");
        long host = bound().real(0x10, 4) & 0xFFFF_FFF0L;
        write(0, 8, 0x1234);

        board.config(DEVICE, 0x10, 4, 0xC800_0000L);
        bar = board.bar(DEVICE, 0);

        assertThat(bar).isEqualTo(0xC800_0000L);
        assertThat(read(0, 8)).isEqualTo(0x1234);
        assertThat(bound().real(0x10, 4) & 0xFFFF_FFF0L).isEqualTo(host);
        assertThat(bound().vfio.counters().reads()).isLessThan(400); // none of them is of the BAR
    }

    @Test
    void withMemoryTurnedOffNothingIsThere() {
        pass("copier0");
        write(0, 8, 7);

        board.enable(DEVICE, 0);
        long off = board.memory.read(bar, 8);
        int real = bound().real(COMMAND, 2) & 6;
        board.enable(DEVICE, 6);

        assertThat(off).isEqualTo(-1);
        assertThat(real).isZero();
        assertThat(read(0, 8)).isEqualTo(7);
        assertThat(bound().real(COMMAND, 2) & 6).isEqualTo(6);
    }

    @Test
    void eduComputesAndInterruptsByItsPin() {
        pass("edu0");
        write(EDU_STATUS, 4, 0x80);
        write(EDU_FACTORIAL, 4, 10);
        boolean up = board.lines[DEVICE];
        long result = read(EDU_FACTORIAL, 4);
        boolean stillUp = board.lines[DEVICE];
        write(EDU_ACKNOWLEDGE, 4, 1);

        assertThat(result).isEqualTo(3_628_800);
        assertThat(up).isTrue();
        assertThat(stillUp).isTrue();
        assertThat(board.lines[DEVICE]).isFalse();
    }

    @Test
    void eachOfManyPinInterruptsIsHeard() {
        pass("edu0");

        for (int i = 0; i < 100; i++) {
            write(EDU_RAISE, 4, 1);
            write(EDU_ACKNOWLEDGE, 4, 1);
        }

        assertThat(board.rises[DEVICE]).isGreaterThanOrEqualTo(100);
        assertThat(board.lines[DEVICE]).isFalse();
    }

    @Test
    void eduReachesTheGuestsMemoryThroughTheIommuAndSendsOneMessageForEach() {
        pass("edu0");
        int msi = capability(0x05);
        board.config(DEVICE, msi + 4, 4, 0xFEE0_0000L);
        board.config(DEVICE, msi + 12, 2, 0x41);
        board.config(DEVICE, msi + 2, 2, 1);
        board.ram.write(0x100, new byte[] {1, 2, 3, 4}, 0, 4);

        dma(0x100, EDU_BUFFER, 4, 1 | 4);
        int first = board.messages.size();
        write(EDU_ACKNOWLEDGE, 4, 0x100);
        dma(EDU_BUFFER, 0x2000, 4, 1 | 2 | 4);

        assertThat(first).isEqualTo(1);
        assertThat(board.messages)
                .containsExactly(new PciBoard.Message(0xFEE0_0000L, 0x41), new PciBoard.Message(0xFEE0_0000L, 0x41));
        assertThat(ram(0x2003)).isEqualTo((byte) 4);
        assertThat(board.lines[DEVICE]).isFalse();
    }

    private void dma(long source, long destination, long count, long command) {
        write(EDU_SOURCE, 8, source);
        write(EDU_DESTINATION, 8, destination);
        write(EDU_COUNT, 8, count);
        write(EDU_COMMAND, 8, command);
    }

    @Test
    void msixGoesByTheGuestsOwnTable() {
        pass("copier0");
        enableMsix();
        int used = rig.host.vectors().used();
        useMsix(2, 0x52);

        write(Copier.SEND, 8, 2);
        write(Copier.SEND, 8, 1);
        useMsix(1, 0x51);

        assertThat(used).isEqualTo(1);
        assertThat(rig.host.vectors().used()).isEqualTo(3);
        assertThat(board.messages)
                .containsExactly(new PciBoard.Message(0xFEE0_0000L, 0x52), new PciBoard.Message(0xFEE0_0000L, 0x51));
        assertThat(read(0x1020, 8)).isEqualTo(0xFEE0_0000L);
    }

    @Test
    void aMaskedVectorIsKeptPendingByTheGuestsFunction() {
        pass("copier0");
        enableMsix();
        useMsix(0, 0x50);
        write(0x100C, 4, 1);

        write(Copier.SEND, 8, 0);
        write(Copier.SEND, 8, 0);
        long pending = read(0x1800, 8);
        write(0x100C, 4, 0);

        assertThat(pending).isEqualTo(1);
        assertThat(board.messages).hasSize(1);
        assertThat(read(0x1800, 8)).isZero();
    }

    @Test
    void theGuestSwitchesBetweenItsKindsOfInterrupt() {
        pass("edu0");
        write(EDU_RAISE, 4, 1);
        boolean up = board.lines[DEVICE];
        int msi = capability(0x05);

        board.config(DEVICE, msi + 2, 2, 1);
        boolean withMsi = board.lines[DEVICE];
        board.config(DEVICE, msi + 2, 2, 0);

        assertThat(up).isTrue();
        assertThat(withMsi).isFalse();
        assertThat(board.lines[DEVICE]).isTrue();
        assertThat(rig.host.vectors().used()).isZero();
    }

    @Test
    void aFunctionLevelResetByTheGuestResetsBothFunctions() {
        pass("copier0");
        enableMsix();
        useMsix(0, 0x50);
        write(0, 8, 7);
        int control = capability(0x10) + 8;

        board.config(DEVICE, control, 2, board.config(DEVICE, control, 2) | 0x8000L);
        int command = board.config(DEVICE, COMMAND, 2);
        int msix = board.config(DEVICE, capability(0x11) + 2, 2) & 0x8000;
        board.host.assignResources();
        board.enable(DEVICE, 6);
        bar = board.bar(DEVICE, 0);

        assertThat(command & 7).isZero();
        assertThat(msix).isZero();
        assertThat(rig.host.vectors().used()).isZero();
        assertThat(read(0, 8)).isZero();
    }

    @Test
    void asleepInD3TheDeviceAnswersNothing() {
        pass("copier0");
        int control = capability(0x01) + 4;

        board.config(DEVICE, control, 2, 3);
        long asleep = read(0, 8);
        board.config(DEVICE, control, 2, 0);

        assertThat(asleep).isEqualTo(-1);
        assertThat(read(0, 8)).isZero();
    }

    @Test
    void doorbellsStayDeferred() {
        pass("nvme0");
        var mapping = (Mapping.Device) board.memory.find(bar);

        board.memory.write(bar + 0x14, 4, 0x0046_0000);
        int backlog = bound().function.pci().strand().backlog();
        long read = read(0x14, 4);

        assertThat(mapping.deferred()).isTrue();
        assertThat(mapping.strand()).isSameAs(bound().function.pci().strand());
        assertThat(backlog).isEqualTo(1);
        assertThat(read & 0xFFFF_FFFFL).isEqualTo(0x0046_0000L);
    }

    /// The controller is enabled, identified, and completes with one message.
    @Test
    void nvmeIsIdentifiedByTheGuest() {
        pass("nvme0");
        enableMsix();
        write(0x2000, 8, 0xFEE0_0000L);
        write(0x2008, 4, 0x60);
        write(0x200C, 4, 0);
        write(0x24, 4, 0x0007_0007);
        write(0x28, 8, 0x1_0000);
        write(0x30, 8, 0x1_1000);
        write(0x14, 4, 0x0046_0001);
        long ready = read(0x1C, 4) & 1;
        var command = new byte[64];
        command[0] = 6;
        command[2] = 9;
        command[26] = 2; // PRP 1: 0x20000
        command[40] = 1;
        board.ram.write(0x1_0000, command, 0, 64);

        write(0x1000, 4, 1);

        assertThat(ready).isEqualTo(1);
        assertThat(board.messages).containsExactly(new PciBoard.Message(0xFEE0_0000L, 0x60));
        assertThat(ram(0x1_100C)).isEqualTo((byte) 9);
        assertThat(ram(0x1_100E)).isEqualTo((byte) 1);
        assertThat(ram(0x2_0000)).isEqualTo((byte) 0x36);
    }

    @Test
    void withoutItsIoasTheDeviceReachesNothing() {
        pass("copier0");
        bound().function.group().set(0, io.sluice.vfio.host.iommu.BlockingDomain.INSTANCE);
        write(Copier.SOURCE, 8, 0);
        write(Copier.DESTINATION, 8, 0x8000);
        write(Copier.LENGTH, 8, 4096);

        write(Copier.COPY, 8, 1);

        assertThat(read(Copier.STATUS, 8)).isEqualTo(Copier.FAILED);
        assertThat(ram(0x8000)).isZero();
    }

    @Test
    void anUnpluggedFunctionIsAllOnesForTheGuest() {
        pass("copier0");

        rig.host.unplug(bound().function);

        assertThat(read(0, 8)).isEqualTo(-1);
        assertThat(guest().function().configRead(0x74, 4)).isNotZero();
    }
}
