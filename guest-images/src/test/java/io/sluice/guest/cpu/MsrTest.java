package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// MSRs, the x2APIC among them, and CPUID.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MsrTest {
    private static void rdmsr(Asm a, long index) {
        a.mov(Reg.ECX, index);
        a.plain(Plain.RDMSR);
    }

    private static void wrmsr(Asm a, long index, long value) {
        a.mov(Reg.ECX, index);
        a.mov(Reg.EAX, value & 0xFFFF_FFFFL);
        a.mov(Reg.EDX, value >>> 32);
        a.plain(Plain.WRMSR);
    }

    @Test
    void swapgsExchangesTheBases() {
        try (var rig = Rig.long64()) {
            rig.cpu.segments[Insn.GS].base = 0x1111;
            rig.cpu.msrs.kernelGsBase = 0xFFFF_8000_0000_2222L;
            rig.code(a -> a.plain(Plain.SWAPGS));

            rig.run();

            assertThat(rig.cpu.segments[Insn.GS].base).isEqualTo(0xFFFF_8000_0000_2222L);
            assertThat(rig.cpu.msrs.kernelGsBase).isEqualTo(0x1111);
        }
    }

    @ParameterizedTest(name = "WRMSR {0} := {1} is #GP(0)")
    @CsvSource({
        "0x12345678, 0x0",
        "0x277, 0x2",
        "0x277, 0x0300000000000000",
        "0x2FF, 0x100",
        "0x2FF, 0x2",
        "0x200, 0x100",
        "0x201, 0x1",
        "0x201, 0x10000000000",
        "0x250, 0x2",
        "0xFE, 0x0",
        "0xDA0, 0x1",
        "0xDA0, 0x100",
        "0xC0000082, 0x800000000000",
        "0xC0000083, 0x800000000000",
        "0xC0000100, 0x800000000000",
        "0xC0000102, 0x800000000000",
        "0x175, 0x800000000000",
        "0x176, 0x800000000000",
        "0xC0000103, 0x100000000",
        "0x48, 0x8",
        "0x49, 0x2",
        "0x1B, 0x10000000000000",
        "0x1B, 0xFEE00D01",
        "0x808, 0x0"
    })
    void unknownRegistersAndReservedBitsFaultAndChangeNothing(String index, String value) {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.EBX, 7);
                wrmsr(a, Long.decode(index), Long.decode(value));
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(rig.at("behind") - 2);
            assertThat(rig.cpu.msrs.pat).isEqualTo(0x0007_0406_0007_0406L);
        }
    }

    @ParameterizedTest(name = "RDMSR {0} is #GP(0)")
    @ValueSource(longs = {0x12345678, 0x49, 0x808, 0x802, 0xC000_0104L, 0x8000_0000L})
    void anUnknownRegisterCannotBeRead(long index) {
        try (var rig = Rig.long64()) {
            rig.code(a -> rdmsr(a, index));

            assertThat(rig.run().vector()).isEqualTo(13);
        }
    }

    @Test
    void x2ApicRegistersAreMsrs() {
        try (var rig = Rig.long64()) {
            rig.enableApic();
            rig.code(a -> {
                wrmsr(a, 0x1B, 0xFEE0_0D00L);
                wrmsr(a, 0x808, 0x20);
                rdmsr(a, 0x803);
                a.mov(Reg.EBX, Reg.EAX);
                // Self IPI of vector 0x55.
                wrmsr(a, 0x83F, 0x55);
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                rig.mark(a, "here");
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x55);
            assertThat(stop.rip()).isEqualTo(rig.at("here"));
            assertThat(rig.cpu.gpr[3] & 0xFF).isBetween(0x10L, 0x15L);
        }
    }

    @ParameterizedTest(name = "x2APIC register {0} := {1}: {2}")
    @CsvSource({
        "0x80B, 0, -1",
        "0x80B, 1, 13",
        "0x802, 0, 13",
        "0x803, 0, 13",
        "0x80D, 0, 13",
        "0x80E, 0, 13",
        "0x808, 0x100, 13",
        "0x831, 0, 13",
        "0x832, 0x80000, 13"
    })
    void x2ApicRegistersHaveReservedBits(String index, String value, int vector) {
        try (var rig = Rig.long64()) {
            rig.apic.setBase(0xFEE0_0D00L);
            rig.code(a -> wrmsr(a, Long.decode(index), Long.decode(value)));

            assertThat(rig.run().vector()).isEqualTo(vector);
        }
    }

    @Test
    void rdtscpAndRdpidTellTheAuxiliaryValueAndTsdHidesTheCounter() {
        try (var rig = Rig.user64()) {
            rig.cpu.msrs.tscAux = 0x1234;
            rig.code(a -> {
                a.plain(Plain.RDTSCP);
                a.mov(Reg.EBX, Reg.ECX);
                // rdpid rsi
                a.db(0xF3, 0x0F, 0xC7, 0xFE);
            });
            var open = rig.run();

            assertThat(open.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x1234);
            assertThat(rig.cpu.gpr[6]).isEqualTo(0x1234);
        }
        try (var rig = Rig.user64()) {
            rig.cpu.cr4 |= 4;
            rig.code(a -> a.plain(Plain.RDTSC));

            assertThat(rig.run().vector()).isEqualTo(13);
        }
    }

    @Test
    void cpuidTellsTheSizesThatTheSaveAreaHas() {
        try (var rig = Rig.long64()) {
            rig.cpu.cr4 |= 1 << 18;
            rig.cpu.xcr0 = 3;
            rig.code(a -> {
                wrmsr(a, 0xDA0, 0x400);
                for (int subleaf : new int[] {0, 1, 10}) {
                    a.mov(Reg.EAX, 0xD);
                    a.mov(Reg.ECX, subleaf);
                    a.plain(Plain.CPUID);
                    a.mov(Mem.absolute(Rig.DATA + 16 * subleaf), Reg.EAX);
                    a.mov(Mem.absolute(Rig.DATA + 16 * subleaf + 4), Reg.EBX);
                    a.mov(Mem.absolute(Rig.DATA + 16 * subleaf + 8), Reg.ECX);
                }
                a.mov(Reg.EAX, 7);
                a.xor(Reg.ECX, Reg.ECX);
                a.plain(Plain.CPUID);
            });

            rig.run();

            assertThat(rig.get32(Rig.DATA)).isEqualTo(3);
            assertThat(rig.get32(Rig.DATA + 4)).isEqualTo(576);
            assertThat(rig.get32(Rig.DATA + 16) & 0xF).isEqualTo(0xF);
            assertThat(rig.get32(Rig.DATA + 20)).isEqualTo(584);
            assertThat(rig.get32(Rig.DATA + 24)).isEqualTo(0x400);
            assertThat(rig.get32(Rig.DATA + 160)).isEqualTo(8);
            assertThat(rig.get32(Rig.DATA + 168)).isEqualTo(1);
            // UMIP, RDPID, MOVDIRI, MOVDIR64B, ENQCMD
            assertThat(rig.cpu.gpr[1]).isEqualTo(1 << 2 | 1 << 22 | 7L << 27);
        }
    }
}
