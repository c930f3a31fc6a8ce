package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Fast system calls, MSRs, CPUID, what is for the supervisor alone, and the APIC's timer.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SystemTest {
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
}
