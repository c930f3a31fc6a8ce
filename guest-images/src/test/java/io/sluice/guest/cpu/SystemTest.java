package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Fast system calls, MSRs, CPUID, what is for the supervisor alone, and the APIC's timer.
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SystemTest {
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
    void syscallAndSysretGoInAndOut() {
        try (var rig = Rig.user64()) {
            rig.cpu.setFlags(CpuState.IF | CpuState.CF | CpuState.DF);
            rig.cpu.msrs.star = 0x0033L << 48 | 0x0018L << 32;
            rig.cpu.msrs.lstar = Rig.HANDLER_CODE + 0x800;
            rig.cpu.msrs.fmask = CpuState.IF | CpuState.DF;
            rig.assemble(64, 0, Rig.HANDLER_CODE + 0x800, a -> {
                a.db(0x9C);
                a.pop(Reg.RBX);
                a.mov(Reg.ESI, Reg.CS);
                a.mov(Reg.EDI, Reg.SS);
                a.plain(Plain.SYSRET);
            });
            rig.cpu.gpr[4] = Rig.STACK;
            rig.code(a -> {
                a.plain(Plain.SYSCALL);
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[1]).isEqualTo(rig.at("behind"));
            assertThat(rig.cpu.gpr[11]).isEqualTo(2 | CpuState.IF | CpuState.CF | CpuState.DF);
            assertThat(rig.cpu.gpr[3]).isEqualTo(2 | CpuState.CF);
            assertThat(rig.cpu.gpr[6]).isEqualTo(0x18);
            assertThat(rig.cpu.gpr[7]).isEqualTo(0x20);
            assertThat(stop.cs()).isEqualTo(0x43);
            assertThat(stop.ss()).isEqualTo(0x3B);
            assertThat(stop.flags()).isEqualTo(2 | CpuState.IF | CpuState.CF | CpuState.DF);
        }
    }

    @Test
    void sysretOf32BitsReturnsToCompatibilityMode() {
        try (var rig = Rig.long64()) {
            rig.cpu.msrs.star = 0x0033L << 48;
            rig.put(Rig.USER_CODE, 0xCD, Rig.DONE);
            rig.code(a -> {
                a.mov(Reg.RCX, 0xFFFF_FFFF_0000_0000L | Rig.USER_CODE);
                a.mov(Reg.R11, 2);
                a.db(0x0F, 0x07);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(stop.cs()).isEqualTo(0x33);
            assertThat(stop.rip()).isEqualTo(Rig.USER_CODE + 2);
        }
    }

    @Test
    void sysretToAnAddressThatIsNotCanonicalFaultsInTheSupervisor() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.RCX, 1L << 47);
                rig.mark(a, "sysret");
                a.plain(Plain.SYSRET);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.cs()).isEqualTo(Rig.CS64);
            assertThat(stop.rip()).isEqualTo(rig.at("sysret"));
            assertThat(stop.sp()).isEqualTo(Rig.STACK);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"syscall in compatibility mode, 0F 05", "sysret in compatibility mode, 0F 07"})
    void syscallExistsIn64BitModeOnly(String name, String code) {
        try (var rig = Rig.compatible()) {
            rig.code(a -> a.db(0x0F, Integer.parseInt(code.substring(3), 16)));

            assertThat(rig.run().vector()).as(name).isEqualTo(6);
        }
    }

    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {32, 64})
    void sysenterAndSysexitGoInAndOut(int bits) {
        try (var rig = bits == 32 ? Rig.user32() : Rig.user64()) {
            rig.cpu.msrs.sysenterCs = 0x08;
            rig.cpu.msrs.sysenterEsp = Rig.STACK;
            rig.cpu.msrs.sysenterEip = Rig.HANDLER_CODE + 0x800;
            rig.cpu.systemFlags |= CpuState.IF;
            rig.assemble(bits, 0, Rig.HANDLER_CODE + 0x800, a -> {
                a.mov(Reg.ESI, Reg.CS);
                a.mov(Reg.EDI, Reg.SS);
                a.db(0x9C);
                a.pop(bits == 32 ? Reg.EBX : Reg.RBX);
                if (bits == 64) {
                    a.db(0x48);
                }
                a.db(0x0F, 0x35);
            });
            rig.code(a -> {
                a.mov(Reg.ECX, Rig.USER_STACK);
                a.movLabel(bits == 32 ? Reg.EDX : Reg.RDX, "behind");
                a.db(0x0F, 0x34);
                a.label("behind");
                a.mov(Reg.EAX, Reg.CS);
                a.db(0xF3, 0x90);
            });

            rig.run();

            assertThat(rig.cpu.gpr[6]).isEqualTo(0x08);
            assertThat(rig.cpu.gpr[7]).isEqualTo(0x10);
            assertThat(rig.cpu.gpr[3] & CpuState.IF).isZero();
            assertThat(rig.cpu.gpr[0]).isEqualTo(bits == 32 ? 0x1B : 0x2B);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "HLT, F4",
        "CLTS, 0F 06",
        "INVD, 0F 08",
        "WBINVD, 0F 09",
        "RDMSR, 0F 32",
        "WRMSR, 0F 30",
        "LGDT, 0F 01 13",
        "LIDT, 0F 01 1B",
        "LLDT, 0F 00 D0",
        "LTR, 0F 00 D8",
        "LMSW, 0F 01 F0",
        "INVLPG, 0F 01 3B",
        "MOV DR, 0F 21 C0",
        "SWAPGS, 0F 01 F8",
        "XSETBV, 0F 01 D1",
        "INVPCID, 66 0F 38 82 03",
        "SYSRET, 48 0F 07",
        "CLI, FA",
        "STI, FB",
        "IN, E4 00",
        "OUT, E6 00",
        "INSB, 6C",
        "OUTSB, 6E"
    })
    void whatIsForTheSupervisorIsAGeneralProtectionFaultForTheUser(String name, String code) {
        try (var rig = Rig.user64()) {
            rig.cpu.cr4 |= 1 << 18;
            rig.cpu.gpr[3] = Rig.USER_DATA;
            rig.code(a -> {
                for (var part : code.split(" ")) {
                    a.db(Integer.parseInt(part, 16));
                }
            });

            var stop = rig.run();

            assertThat(stop.vector()).as(name).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(Rig.USER_CODE);
        }
    }

    @ParameterizedTest(name = "{0} with UMIP {2}: {3}")
    @CsvSource({
        "SGDT, 0F 01 03, false, 32",
        "SIDT, 0F 01 0B, false, 32",
        "SLDT, 0F 00 C0, false, 32",
        "STR, 0F 00 C8, false, 32",
        "SMSW, 0F 01 E0, false, 32",
        "SGDT, 0F 01 03, true, 13",
        "SIDT, 0F 01 0B, true, 13",
        "SLDT, 0F 00 C0, true, 13",
        "STR, 0F 00 C8, true, 13",
        "SMSW, 0F 01 E0, true, 13"
    })
    void umipHidesTheTablesFromTheUser(String name, String code, boolean umip, int vector) {
        try (var rig = Rig.user64()) {
            rig.cpu.cr4 |= umip ? 1 << 11 : 0;
            rig.cpu.gpr[3] = Rig.USER_DATA;
            rig.code(a -> {
                for (var part : code.split(" ")) {
                    a.db(Integer.parseInt(part, 16));
                }
            });

            assertThat(rig.run().vector()).as(name).isEqualTo(vector);
        }
    }

    @ParameterizedTest(name = "CR4.FSGSBASE {0}, base {1}: {2}")
    @CsvSource({"false, 0x1000, 6", "true, 0x123456789000, 32", "true, 0x800000000000, 13"})
    void baseInstructionsNeedTheirBitAndACanonicalBase(boolean enabled, String base, int vector) {
        try (var rig = Rig.user64()) {
            rig.cpu.cr4 |= enabled ? 1 << 16 : 0;
            rig.code(a -> {
                a.mov(Reg.RAX, Long.decode(base));
                // wrgsbase rax; rdgsbase rbx
                a.db(0xF3, 0x48, 0x0F, 0xAE, 0xD8, 0xF3, 0x48, 0x0F, 0xAE, 0xCB);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(rig.cpu.gpr[3]).isEqualTo(vector == 32 ? Long.decode(base) : 0L);
        }
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

    // ---- the timer

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
