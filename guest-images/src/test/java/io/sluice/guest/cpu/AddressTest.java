package io.sluice.guest.cpu;

import static io.sluice.guest.cpu.Rig.ACCESSED;
import static io.sluice.guest.cpu.Rig.DATA;
import static io.sluice.guest.cpu.Rig.PRESENT;
import static io.sluice.guest.cpu.Rig.USER;
import static io.sluice.guest.cpu.Rig.USER_DATA;
import static io.sluice.guest.cpu.Rig.WRITABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Addresses: canonical form, alignment, accesses and instructions across pages, implicit accesses.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AddressTest {
    private static final int GP = 13;

    private static final int PF = 14;

    private static final long SMAP = 1 << 21;

    private static void load(Asm a, long address) {
        a.mov(Reg.RAX, Mem.absolute(address));
    }

    private static void store(Asm a, long address) {
        a.mov(Mem.absolute(address), Reg.RAX);
    }

    @Test
    void descriptorTablesAreReadAsSupervisorFromUserMode() {
        try (var rig = Rig.user64()) {
            rig.cpu.cr4 |= SMAP;
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.USER_DS);
                a.mov(Reg.DS, Reg.EAX);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.entry(Rig.GDT) & ACCESSED).isEqualTo(ACCESSED);
        }
    }

    @Test
    void smapRefusesImplicitAccessesWhateverAcSays() {
        try (var rig = Rig.long64()) {
            rig.cpu.cr4 |= SMAP;
            rig.cpu.systemFlags |= CpuState.AC;
            rig.map(Rig.GDT, Rig.GDT | PRESENT | WRITABLE | USER);
            // Handlers live without the GDT: the double fault is what is left, and it needs the GDT too.
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.DS);
                a.mov(Reg.DS, Reg.EAX);
            });

            var exit = rig.runToExit();

            assertThat(exit).isEqualTo(io.sluice.vmm.cpu.interp.Interpreter.Exit.SHUTDOWN);
            assertThat(rig.cpu.cr2).isEqualTo(Rig.GDT + 0x18);
        }
    }

    @Test
    void anAccessAcrossPagesFaultsOnTheSecondWithNothingWritten() {
        try (var rig = Rig.long64()) {
            rig.map(DATA + 0x1000, DATA + 0x1000 | PRESENT);
            rig.put64(DATA + 0xFF8, 0x1111_1111_1111_1111L);
            rig.code(a -> {
                a.mov(Reg.RAX, -1L);
                rig.mark(a, "store");
                store(a, DATA + 0xFFC);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(PF);
            assertThat(stop.code()).isEqualTo(3);
            assertThat(rig.cpu.cr2).isEqualTo(DATA + 0x1000);
            assertThat(stop.rip()).isEqualTo(rig.at("store"));
            assertThat(rig.get64(DATA + 0xFF8)).isEqualTo(0x1111_1111_1111_1111L);
            assertThat(rig.get64(DATA + 0x1000)).isZero();
        }
    }

    @Test
    void anInstructionAcrossPagesFaultsOnTheSecondWithTheAddressOfThatPage() {
        try (var rig = Rig.long64()) {
            rig.map(DATA + 0x1000, 0);
            // mov rax, imm64 with its last four bytes in the missing page
            rig.put(DATA + 0xFFA, 0x48, 0xB8, 1, 2, 3, 4);
            rig.code(a -> {
                a.mov(Reg.RBX, DATA + 0xFFA);
                a.jmp(Reg.RBX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(PF);
            assertThat(stop.code()).isEqualTo(16);
            assertThat(rig.cpu.cr2).isEqualTo(DATA + 0x1000);
            assertThat(stop.rip()).isEqualTo(DATA + 0xFFA);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x800000000000, 13", "0xFFFF7FFFFFFFFFFF, 13", "0x7FFFFFFFFFFC, 13"})
    void anAddressThatIsNotCanonicalIsAGeneralProtectionFaultAndNoPageFault(String address, int vector) {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.RBX, Long.parseUnsignedLong(address.substring(2), 16));
                rig.mark(a, "load");
                a.mov(Reg.RAX, Mem.at(Reg.RBX));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(rig.at("load"));
            assertThat(rig.cpu.cr2).isZero();
        }
    }

    @Test
    void aStackAddressThatIsNotCanonicalIsAStackFault() {
        try (var rig = Rig.user64()) {
            rig.code(a -> {
                a.mov(Reg.RSP, 1L << 47);
                a.pop(Reg.RAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(12);
            assertThat(stop.code()).isZero();
            assertThat(stop.sp()).isEqualTo(1L << 47);
        }
    }

    @Test
    void alignmentIsCheckedInUserModeWhenBothBitsAskForIt() {
        try (var rig = Rig.user64()) {
            rig.cpu.systemFlags |= CpuState.AC;
            rig.code(a -> {
                load(a, USER_DATA + 8);
                a.mov(Reg.AL, Mem.absolute(USER_DATA + 3));
                rig.mark(a, "unaligned");
                a.mov(Reg.AX, Mem.absolute(USER_DATA + 3));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(17);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(rig.at("unaligned"));
        }
    }

    @Test
    void theSupervisorsAlignmentIsItsOwnAffair() {
        try (var rig = Rig.long64()) {
            rig.cpu.systemFlags |= CpuState.AC;
            rig.code(a -> load(a, DATA + 3));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
        }
    }

    @Test
    void stacAndClacOpenAndCloseUserPages() {
        try (var rig = Rig.long64()) {
            rig.cpu.cr4 |= SMAP;
            rig.code(a -> {
                a.plain(Plain.STAC);
                load(a, USER_DATA);
                a.plain(Plain.CLAC);
                rig.mark(a, "closed");
                load(a, USER_DATA);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(PF);
            assertThat(stop.code()).isEqualTo(1);
            assertThat(stop.rip()).isEqualTo(rig.at("closed"));
        }
    }

    @Test
    void aJumpOutOfCanonicalSpaceIsAGeneralProtectionFaultOfTheJump() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.RBX, 1L << 47);
                rig.mark(a, "jump");
                a.jmp(Reg.RBX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(GP);
            assertThat(stop.rip()).isEqualTo(rig.at("jump"));
        }
    }
}
