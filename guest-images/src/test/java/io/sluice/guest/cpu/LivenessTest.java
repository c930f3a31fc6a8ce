package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.Vcpu;
import io.sluice.vmm.cpu.VcpuBoard;
import io.sluice.vmm.cpu.VcpuEvents;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.DeliveryMode;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.memory.GuestRam;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A vCPU on its thread obeys from outside, whatever its guest does.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LivenessTest {
    private static final int START = 0x1000;

    private final GuestRam ram = GuestRam.allocate(0x10_0000);
    private final ApicBus bus = new ApicBus();
    private final CountDownLatch shutDown = new CountDownLatch(1);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final MachineClock clock = new MachineClock();
    private final VcpuBoard board = board();

    private VcpuBoard board() {
        var memory = new AddressSpace("memory", 0xFF_FFFF_FFFFL);
        memory.mapRam(0, 0x10_0000, ram, 0, true);
        clock.start();
        return new VcpuBoard(memory, new AddressSpace("io", 0xFFFF), clock, bus, 2, () -> 0xFF, asserted -> {});
    }

    private Vcpu vcpu(int id) {
        return new Vcpu(id, board, new VcpuEvents() {
            @Override
            public void shutDown(int vcpu) {
                shutDown.countDown();
            }

            @Override
            public void failed(int vcpu, Throwable cause) {
                failure.set(cause);
            }
        });
    }

    @AfterEach
    void close() {
        ram.close();
        assertThat(failure.get()).isNull();
    }

    private static Consumer<CpuState> realModeAt(int ip) {
        return state -> {
            state.segments[1].selector = 0;
            state.segments[1].base = 0;
            state.rip = ip;
            state.gpr[4] = 0x8000;
        };
    }

    private void code(String hex) {
        var bytes = java.util.HexFormat.of().parseHex(hex.replace(" ", ""));
        ram.write(START, bytes);
    }

    private static CpuState look(Vcpu vcpu) {
        var seen = new CpuState[] {new CpuState()};
        vcpu.inspect(state -> seen[0] = state);
        return seen[0];
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "a loop of one jump,              FA EB FE",
        "a loop of many instructions,     FA 40 90 90 EB FB",
        "an endless string,               FA 66 B9 FF FF FF FF 67 F3 AA EB F5",
        "segment loads without end,       FA 8E D0 8E D0 EB FA",
        "a halt with interrupts off,      FA F4 EB FD",
        "faults whose handler faults,     FA 0F 0B",
        "single steps into themselves,    FA 68 00 01 9D EB FE"
    })
    void aGuestThatNeverGivesWayIsPausedAndReset(String what, String code) throws InterruptedException {
        // #UD and #DB are handled by UD2 and JMP at START + 1; their stack turns round for ever.
        ram.write(6 * 4, new byte[] {1, 0x10, 0, 0});
        ram.write(4, new byte[] {1, 0x10, 0, 0});
        code(code);
        try (var vcpu = vcpu(0)) {
            vcpu.reset(realModeAt(START));
            vcpu.resume();
            Thread.sleep(20);

            vcpu.pause();
            long ran = vcpu.instructions();
            Thread.sleep(5);

            assertThat(vcpu.instructions()).as(what).isEqualTo(ran);

            code("F4");
            vcpu.reset(realModeAt(START));
            vcpu.resume();
            Thread.sleep(20);

            assertThat(look(vcpu).rip).isEqualTo(START + 1);
        }
    }

    @Test
    void anEndlessFaultInAHandlerDoesNotKeepTheTimerOut() {
        // A stack that turns round: every UD2 pushes 6 bytes in a segment of 64 KiB.
        code("0F 0B");
        ram.write(6 * 4, new byte[] {0, 0x10, 0, 0});
        try (var vcpu = vcpu(0)) {
            vcpu.reset(realModeAt(START));
            vcpu.apic().write(0xF0, 0x1FF);
            vcpu.resume();

            bus.deliver(0, false, DeliveryMode.NMI, 0, false);
            vcpu.pause();

            assertThat(look(vcpu).rip).isBetween(0L, 0x1000L + 1);
        }
    }

    @Test
    void aProcessorBeyondTheFirstWaitsForItsStartupMessage() throws InterruptedException {
        code("B8 34 12 F4");
        try (var first = vcpu(0);
                var second = vcpu(1)) {
            second.reset(state -> {});
            second.resume();
            bus.deliver(1, false, DeliveryMode.NMI, 0, false);
            Thread.sleep(10);
            assertThat(second.instructions()).isZero();

            bus.deliver(1, false, DeliveryMode.INIT, 0, false);
            bus.deliver(1, false, DeliveryMode.STARTUP, START >> 12, false);
            while (second.instructions() < 2) {
                Thread.onSpinWait();
            }

            var state = look(second);
            assertThat(state.gpr[0] & 0xFFFF).isEqualTo(0x1234);
            assertThat(state.segments[1].selector).isEqualTo(START >> 4);
            assertThat(state.segments[1].base).isEqualTo(START);
            assertThat(first.instructions()).isZero();
        }
    }

    @Test
    void aSecondStartupMessageIsIgnored() throws InterruptedException {
        code("40 EB FD");
        try (var second = vcpu(1)) {
            second.reset(state -> {});
            second.resume();
            bus.deliver(1, false, DeliveryMode.STARTUP, START >> 12, false);
            while (second.instructions() < 1000) {
                Thread.onSpinWait();
            }
            bus.deliver(1, false, DeliveryMode.STARTUP, 0x50, false);
            Thread.sleep(5);

            assertThat(look(second).segments[1].base).isEqualTo(START);
        }
    }

    @Test
    void aTripleFaultIsToldAndAResetBringsTheProcessorBack() throws InterruptedException {
        code("0F 0B");
        try (var vcpu = vcpu(0)) {
            vcpu.reset(realModeAt(START).andThen(state -> state.idtLimit = 0));
            vcpu.resume();

            assertThat(shutDown.await(60, TimeUnit.SECONDS)).isTrue();

            code("F4");
            vcpu.reset(realModeAt(START));
            vcpu.resume();
            while (look(vcpu).rip != START + 1) {
                Thread.onSpinWait();
            }
        }
    }
}
