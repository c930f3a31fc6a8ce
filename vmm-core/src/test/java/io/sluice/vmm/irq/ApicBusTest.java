package io.sluice.vmm.irq;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingVcpu;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class ApicBusTest {
    private static final int SVR = 0xF0;

    private final FakeLoop loop = new FakeLoop();
    private final ApicBus bus = new ApicBus();
    private final RecordingVcpu vcpu = new RecordingVcpu();
    private final LocalApic zero = enabled(0);
    private final LocalApic one = enabled(1);

    private LocalApic enabled(int id) {
        var apic = new LocalApic(id, id == 0, loop.clock(), bus, vcpu);
        apic.write(SVR, 0x1FF);
        apic.write(0xD0, 1 << 24 + id);
        return apic;
    }

    private static int take(LocalApic apic) {
        apic.poll(0);
        return apic.hasInterrupt() ? apic.acknowledge() : 0;
    }

    @ParameterizedTest
    @CsvSource({
        // address, data, what APIC 0 takes, what APIC 1 takes
        "0xFEE00000, 0x0041, 0x41, 0",
        "0xFEE01000, 0x0041, 0, 0x41",
        "0xFEEFF000, 0x0041, 0x41, 0x41",
        "0xFEE02004, 0x0041, 0, 0x41",
        "0xFEE03004, 0x0041, 0x41, 0x41",
        "0xFEE02000, 0x0041, 0, 0",
        "0xFEE01000, 0xC041, 0, 0x41",
        "0xFEE01000, 0x8041, 0, 0",
        "0xFEE01000, 0x0341, 0, 0",
        "0xFED00000, 0x0041, 0, 0",
        "0x1FEE00000, 0x0041, 0, 0",
        "0x10000FEE01000, 0x0041, 0, 0",
    })
    void aMessageGoesWhereItsAddressSays(String address, String data, String first, String second) {
        bus.write(Long.decode(address), Integer.decode(data));

        assertThat(take(zero)).isEqualTo(Integer.decode(first));
        assertThat(take(one)).isEqualTo(Integer.decode(second));
    }

    @Test
    void theRedirectionHintMakesItLowestPriority() {
        zero.setTaskPriority(9);

        bus.write(0xFEE0_300CL, 0x41);

        assertThat(take(zero)).isZero();
        assertThat(take(one)).isEqualTo(0x41);
    }

    @Test
    void theUpperAddressExtendsTheDestination() {
        var far = new LocalApic(0x101, false, loop.clock(), bus, vcpu);
        far.write(SVR, 0x1FF);

        bus.write(0x0000_0100_FEE0_1000L, 0x41);

        assertThat(take(far)).isEqualTo(0x41);
        assertThat(take(one)).isZero();
    }

    @Test
    void whatReachesNobodyIsCounted() {
        bus.write(0xFED0_0000L, 0x41);
        bus.write(0xFEE0_9000L, 0x41);
        bus.write(0xFEE0_0000L, 0x341);

        assertThat(bus.dropped()).isEqualTo(3);
    }

    @Test
    void aMessageMayBeAnNmi() {
        bus.write(0xFEE0_0000L, 0x400);

        assertThat(vcpu.events()).containsExactly("nmi");
    }
}
