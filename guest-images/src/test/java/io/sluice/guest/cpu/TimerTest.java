package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The APIC's timer in its three modes, delivered to a handler.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TimerTest {
    private static void rdmsr(Asm a, long index) {
        a.mov(Reg.ECX, index);
        a.plain(Plain.RDMSR);
    }

    private static void apic(Asm a, int register, long value) {
        a.mov(Mem.absolute(0x3F_E000 + register).bytes4(), value);
    }

    private static Rig timer() {
        var rig = Rig.long64();
        rig.enableApic();
        rig.map(0x3F_E000, 0xFEE0_0000L | Rig.PRESENT | Rig.WRITABLE);
        rig.handler(0x40, a -> {
            a.inc(Reg.RBX);
            apic(a, 0xB0, 0);
            a.iret();
        });
        return rig;
    }

    @Test
    void aOneShotTimerFiresOnceAtItsTime() {
        try (var rig = timer()) {
            rig.code(a -> {
                apic(a, 0x3E0, 0xB);
                apic(a, 0x320, 0x40);
                a.plain(Plain.RDTSC);
                a.mov(Reg.ESI, Reg.EAX);
                apic(a, 0x380, 100_000);
                a.plain(Plain.STI);
                a.plain(Plain.HLT);
                a.plain(Plain.RDTSC);
                a.sub(Reg.EAX, Reg.ESI);
                a.plain(Plain.CLI);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
            assertThat(rig.cpu.gpr[0]).isBetween(100_000L, 100_100L);
            assertThat(rig.apic.nextDeadline()).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void aPeriodicTimerFiresAgainAndAgain() {
        try (var rig = timer()) {
            rig.code(a -> {
                apic(a, 0x3E0, 0xB);
                apic(a, 0x320, 0x2_0040);
                apic(a, 0x380, 50_000);
                a.plain(Plain.STI);
                a.label("wait");
                a.plain(Plain.HLT);
                a.cmp(Reg.RBX, 5);
                a.j(io.sluice.guest.asm.Condition.NE, "wait");
                a.plain(Plain.CLI);
            });
            long before = rig.now;

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(5);
            assertThat(rig.now - before).isBetween(250_000L, 251_000L);
        }
    }

    @Test
    void aDeadlineFiresWhenTheCounterReachesItAndReadsZeroThen() {
        try (var rig = timer()) {
            rig.code(a -> {
                apic(a, 0x320, 0x4_0040);
                a.plain(Plain.RDTSC);
                a.add(Reg.EAX, 70_000);
                a.mov(Reg.ESI, Reg.EAX);
                a.mov(Reg.ECX, 0x6E0);
                a.plain(Plain.WRMSR);
                a.plain(Plain.STI);
                a.plain(Plain.HLT);
                a.plain(Plain.CLI);
                a.plain(Plain.RDTSC);
                a.sub(Reg.EAX, Reg.ESI);
                a.mov(Reg.EDI, Reg.EAX);
                rdmsr(a, 0x6E0);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
            assertThat(rig.cpu.gpr[7]).isBetween(0L, 100L);
            assertThat(rig.cpu.gpr[0]).isZero();
        }
    }
}
