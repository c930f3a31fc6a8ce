package io.sluice.vmm.device.ioapic;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.LocalApic;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingVcpu;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class IoApicTest {
    private static final int MASKED = 1 << 16;
    private static final int LEVEL = 1 << 15;
    private static final int REMOTE_IRR = 1 << 14;
    private static final int LOGICAL = 1 << 11;

    private final FakeLoop loop = new FakeLoop();
    private final ApicBus bus = new ApicBus();
    private final RecordingVcpu vcpu = new RecordingVcpu();
    private final LocalApic apic = new LocalApic(0, true, loop.clock(), bus, vcpu);
    private final IoApic ioApic = new IoApic(loop.newStrand(), bus);

    @BeforeEach
    void enable() {
        apic.write(0xF0, 0x1FF);
        apic.write(0xD0, 1 << 24);
    }

    private void program(int pin, long entry) {
        set(0x11 + 2 * pin, (int) (entry >>> 32));
        set(0x10 + 2 * pin, (int) entry);
    }

    private void set(int index, int value) {
        ioApic.write(0x00, 4, index);
        ioApic.write(0x10, 4, value & 0xFFFF_FFFFL);
    }

    private int get(int index) {
        ioApic.write(0x00, 4, index);
        return (int) ioApic.read(0x10, 4);
    }

    private int take() {
        apic.poll(0);
        return apic.hasInterrupt() ? apic.acknowledge() : 0;
    }

    private void end() {
        apic.write(0xB0, 0);
    }

    @Test
    void itSaysWhatItIs() {
        assertThat(get(1)).isEqualTo(0x0017_0020);
        assertThat(get(0x10)).isEqualTo(MASKED);
    }

    @Test
    void theIdAndTheEntriesKeepOnlyTheirWritableBits() {
        set(0, -1);
        set(0x12, -1);
        set(0x13, -1);

        assertThat(get(0)).isEqualTo(0x0F00_0000);
        assertThat(get(0x12)).isEqualTo(0x1_AFFF);
        assertThat(get(0x13)).isEqualTo(0xFF00_0000);
    }

    @Test
    void anEdgeBecomesOneMessage() {
        program(4, 0x34);

        ioApic.setPin(4, true);
        ioApic.setPin(4, true);
        int first = take();
        end();
        ioApic.setPin(4, false);

        assertThat(first).isEqualTo(0x34);
        assertThat(take()).isZero();
    }

    @Test
    void eachRiseOfAPinIsCountedOnce() {
        ioApic.setPin(4, true);
        ioApic.setPin(4, true);
        ioApic.setPin(4, false);
        ioApic.setPin(4, true);

        assertThat(ioApic.rises()).hasSize(IoApic.PINS).contains(2, org.assertj.core.api.Assertions.atIndex(4));
    }

    @Test
    void anEdgeWhileMaskedIsLost() {
        program(4, 0x34 | MASKED);
        ioApic.setPin(4, true);

        program(4, 0x34);

        assertThat(take()).isZero();
    }

    @Test
    void aLevelSetsRemoteIrrAndAsksAgainAtItsEnd() {
        program(16, 0x61 | LEVEL);
        ioApic.setPin(16, true);

        assertThat(get(0x30) & REMOTE_IRR).isNotZero();
        assertThat(take()).isEqualTo(0x61);
        assertThat(take()).isZero();
        end();
        assertThat(take()).isEqualTo(0x61);
        ioApic.setPin(16, false);
        end();
        assertThat(get(0x30) & REMOTE_IRR).isZero();
        assertThat(take()).isZero();
    }

    @Test
    void aLevelWhileMaskedIsDeliveredWhenTheMaskGoes() {
        program(16, 0x61 | LEVEL | MASKED);
        ioApic.setPin(16, true);
        int masked = take();

        program(16, 0x61 | LEVEL);

        assertThat(masked).isZero();
        assertThat(take()).isEqualTo(0x61);
    }

    @Test
    void theEoiRegisterEndsAVectorWithoutABroadcast() {
        apic.write(0xF0, 0x11FF);
        program(16, 0x61 | LEVEL);
        ioApic.setPin(16, true);
        take();
        end();
        boolean stillSet = (get(0x30) & REMOTE_IRR) != 0;
        ioApic.setPin(16, false);

        ioApic.write(0x40, 4, 0x61);

        assertThat(stillSet).isTrue();
        assertThat(get(0x30) & REMOTE_IRR).isZero();
    }

    @Test
    void switchingToEdgeAndBackClearsAStuckRemoteIrr() {
        apic.write(0xF0, 0x11FF);
        program(16, 0x61 | LEVEL);
        ioApic.setPin(16, true);
        ioApic.setPin(16, false);

        program(16, 0x61 | MASKED);
        program(16, 0x61 | MASKED | LEVEL);

        assertThat(get(0x30) & REMOTE_IRR).isZero();
    }

    @Test
    void aLogicalDestinationIsMatchedByTheApics() {
        program(5, 0x01L << 56 | 0x35 | LOGICAL);
        program(6, 0x02L << 56 | 0x36 | LOGICAL);

        ioApic.setPin(6, true);
        int other = take();
        ioApic.setPin(5, true);

        assertThat(other).isZero();
        assertThat(take()).isEqualTo(0x35);
    }

    @Test
    void anEntryMayDeliverAnNmi() {
        program(2, 0x400);

        ioApic.setPin(2, true);

        assertThat(vcpu.events()).containsExactly("nmi");
    }

    @Test
    void aRestoredIoApicGoesOn() {
        program(16, 0x61 | LEVEL);
        ioApic.setPin(16, true);
        var saved = ioApic.state();
        var copy = new IoApic(loop.newStrand(), new ApicBus());

        copy.restore(saved);

        assertThat(copy.state()).isEqualTo(saved);
    }
}
