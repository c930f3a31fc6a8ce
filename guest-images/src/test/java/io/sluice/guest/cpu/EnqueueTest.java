package io.sluice.guest.cpu;

import static io.sluice.guest.cpu.Rig.USER_DATA;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.cpu.state.CpuState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// ENQCMD, ENQCMDS and MOVDIR64B: what they refuse, what goes out on the bus, what comes back.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EnqueueTest {
    private static final long PORTAL = 0x3F_F000;
    private static final long PORTAL_GPA = 0xFE00_0000L;
    private static final long VALID = 1L << 31;
    private static final int FLAGS = CpuState.ARITHMETIC;

    /// A work queue that takes commands while it has room.
    private static final class Queue implements BusDevice {
        final List<long[]> commands = new ArrayList<>();
        final List<long[]> bursts = new ArrayList<>();
        int touched;
        int room = 1;

        @Override
        public long read(long offset, int size) {
            touched++;
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            touched++;
        }

        @Override
        public void writeBurst(long offset, long[] data) {
            bursts.add(data.clone());
        }

        @Override
        public boolean deferrableWrite(long offset, long[] data) {
            if (room == 0) {
                return false;
            }
            room--;
            commands.add(data.clone());
            return true;
        }
    }

    private final Queue queue = new Queue();

    private Rig rig(int level) {
        var rig = level == 0 ? Rig.long64() : Rig.user64();
        rig.device(PORTAL_GPA, 0x1000, queue);
        rig.map(PORTAL, PORTAL_GPA | Rig.TABLE_ENTRY);
        for (int i = 1; i < 8; i++) {
            rig.put64(USER_DATA + 8 * i, 0x0101_0101_0101_0101L * i);
        }
        rig.put64(USER_DATA, 0xABCD_EF01_0000_0000L);
        rig.cpu.msrs.pasid = VALID | 0x12345;
        return rig;
    }

    private static void enqueue(Asm a, boolean supervisor, long target, long source) {
        a.mov(Reg.RDI, target);
        a.mov(Reg.RSI, source);
        if (supervisor) {
            a.enqcmds(Reg.RDI, Mem.at(Reg.RSI));
        } else {
            a.enqcmd(Reg.RDI, Mem.at(Reg.RSI));
        }
    }

    @ParameterizedTest(name = "from level {0}")
    @CsvSource({"0", "3"})
    void aCommandCarriesThePasidAndIsAUsersWhoeverSendsIt(int level) {
        try (var rig = rig(level)) {
            rig.cpu.setArithmeticFlags(FLAGS);
            rig.code(a -> enqueue(a, false, PORTAL + 0x40, USER_DATA));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(stop.flags() & FLAGS).isZero();
            assertThat(queue.commands).hasSize(1);
            assertThat(queue.commands.getFirst()[0]).isEqualTo(0xABCD_EF01_0001_2345L);
            assertThat(queue.commands.getFirst()[7]).isEqualTo(0x0707_0707_0707_0707L);
        }
    }

    @Test
    void retryIsTheZeroFlagAloneAndThePageIsDirtyAllTheSame() {
        try (var rig = rig(3)) {
            queue.room = 0;
            rig.cpu.setArithmeticFlags(FLAGS & ~CpuState.ZF);
            rig.code(a -> enqueue(a, false, PORTAL, USER_DATA));

            var stop = rig.run();

            assertThat(stop.flags() & FLAGS).isEqualTo(CpuState.ZF);
            assertThat(queue.commands).isEmpty();
            assertThat(rig.entry(PORTAL) & Rig.DIRTY).isEqualTo(Rig.DIRTY);
        }
    }

    @Test
    void ordinaryMemoryTakesNoCommandAndStaysAsItIs() {
        try (var rig = rig(3)) {
            rig.put64(USER_DATA + 0x1000, 0x55);
            rig.code(a -> enqueue(a, false, USER_DATA + 0x1000, USER_DATA));

            var stop = rig.run();

            assertThat(stop.flags() & FLAGS).isEqualTo(CpuState.ZF);
            assertThat(rig.get64(USER_DATA + 0x1000)).isEqualTo(0x55);
            assertThat(rig.get64(USER_DATA + 0x1008)).isZero();
        }
    }

    /// What each instruction refuses before anything is sent.
    @ParameterizedTest(name = "{0} at level {1}, target +{2}, source word {3}, IA32_PASID {4}")
    @CsvSource({
        "ENQCMD,  3, 0x08, 0x0,        0x80000001",
        "ENQCMD,  3, 0x20, 0x0,        0x80000001",
        "ENQCMD,  3, 0x00, 0x0,        0x00000001",
        "ENQCMD,  3, 0x00, 0x0,        0x0",
        "ENQCMD,  3, 0x00, 0x1,        0x80000001",
        "ENQCMD,  3, 0x00, 0x80000000, 0x80000001",
        "ENQCMD,  3, 0x00, 0x100000,   0x80000001",
        "ENQCMD,  0, 0x00, 0x0,        0x0",
        "ENQCMDS, 3, 0x00, 0x0,        0x80000001",
        "ENQCMDS, 0, 0x10, 0x0,        0x0",
        "ENQCMDS, 0, 0x00, 0x100000,   0x0",
        "ENQCMDS, 0, 0x00, 0x40000000, 0x0"
    })
    void aRefusedCommandIsAGeneralProtectionFaultAndNothingElse(
            String name, int level, String offset, String word, String pasid) {
        try (var rig = rig(level)) {
            rig.put64(USER_DATA, 0x1_0000_0000L | Long.decode(word));
            rig.cpu.msrs.pasid = Long.decode(pasid);
            rig.cpu.setArithmeticFlags(FLAGS);
            rig.code(a -> enqueue(a, name.equals("ENQCMDS"), PORTAL + Long.decode(offset), USER_DATA));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.flags() & FLAGS).isEqualTo(FLAGS);
            assertThat(queue.commands).isEmpty();
            assertThat(queue.touched).isZero();
            assertThat(rig.entry(PORTAL) & (Rig.DIRTY | Rig.ACCESSED)).isZero();
        }
    }

    @Test
    void theSupervisorsCommandCarriesWhatItsSourceSays() {
        try (var rig = rig(0)) {
            rig.cpu.msrs.pasid = 0;
            rig.put64(USER_DATA, 0x8765_4321_800F_FFFFL);
            rig.code(a -> enqueue(a, true, PORTAL, USER_DATA));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(queue.commands.getFirst()[0]).isEqualTo(0x8765_4321_800F_FFFFL);
        }
    }

    @Test
    void theHandlerSetsThePasidAndTheSameInstructionRunsAgain() {
        try (var rig = rig(3)) {
            rig.cpu.msrs.pasid = 0;
            rig.handler(13, a -> {
                a.push(Reg.RAX);
                a.push(Reg.RCX);
                a.push(Reg.RDX);
                a.mov(Reg.ECX, 0xD93);
                a.mov(Reg.EAX, 0x8000_0007L);
                a.xor(Reg.EDX, Reg.EDX);
                a.plain(Plain.WRMSR);
                a.pop(Reg.RDX);
                a.pop(Reg.RCX);
                a.pop(Reg.RAX);
                a.add(Reg.RSP, 8);
                a.iret();
            });
            rig.code(a -> enqueue(a, false, PORTAL, USER_DATA));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(queue.commands).hasSize(1);
            assertThat(queue.commands.getFirst()[0]).isEqualTo(0xABCD_EF01_0000_0007L);
            assertThat(stop.flags() & FLAGS).isZero();
        }
    }

    @ParameterizedTest(name = "source {0}: #PF({1}) at {2}")
    @CsvSource({"0x110FE0, 4, 0x111000", "0x110000, 7, 0x3FF000"})
    void aMissingSourceIsAReadFaultAndAReadOnlyPortalAWriteFault(String source, int code, String address) {
        try (var rig = rig(3)) {
            rig.map(PORTAL, PORTAL_GPA | Rig.PRESENT | Rig.USER);
            rig.map(USER_DATA + 0x1000, 0);
            rig.code(a -> enqueue(a, false, PORTAL, Long.decode(source)));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.code()).isEqualTo(code);
            assertThat(rig.cpu.cr2).isEqualTo(Long.decode(address));
            assertThat(queue.commands).isEmpty();
        }
    }

    @Test
    void anUnalignedSourceAcrossPagesIsFine() {
        try (var rig = rig(3)) {
            rig.put64(USER_DATA + 0xFE3, 0x1234_5678_0000_0000L);
            rig.put64(USER_DATA + 0xFE3 + 56, 0x99);
            rig.code(a -> enqueue(a, false, PORTAL, USER_DATA + 0xFE3));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(queue.commands.getFirst()[7]).isEqualTo(0x99);
        }
    }

    @Test
    void aTargetThatIsNotCanonicalIsAGeneralProtectionFaultEvenWithASourceOnTheStack() {
        try (var rig = rig(0)) {
            rig.cpu.gpr[4] = USER_DATA;
            rig.code(a -> {
                a.mov(Reg.RDI, 1L << 50);
                rig.mark(a, "enqcmd");
                a.enqcmd(Reg.RDI, Mem.at(Reg.RSP));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.rip()).isEqualTo(rig.at("enqcmd"));
        }
    }

    @Test
    void aBurstIsOneWriteOf64BytesToADeviceAndAnOrdinaryStoreToMemory() {
        try (var rig = rig(3)) {
            rig.code(a -> {
                a.mov(Reg.RSI, USER_DATA);
                a.mov(Reg.RDI, PORTAL);
                // movdir64b rdi, [rsi]
                a.db(0x66, 0x0F, 0x38, 0xF8, 0x3E);
                a.mov(Reg.RDI, USER_DATA + 0x40);
                a.db(0x66, 0x0F, 0x38, 0xF8, 0x3E);
                a.mov(Reg.RDI, USER_DATA + 0x48);
                rig.mark(a, "unaligned");
                a.db(0x66, 0x0F, 0x38, 0xF8, 0x3E);
            });

            var stop = rig.run();

            assertThat(queue.bursts).hasSize(1);
            assertThat(queue.bursts.getFirst()[0]).isEqualTo(0xABCD_EF01_0000_0000L);
            assertThat(rig.get64(USER_DATA + 0x40)).isEqualTo(0xABCD_EF01_0000_0000L);
            assertThat(rig.get64(USER_DATA + 0x78)).isEqualTo(0x0707_0707_0707_0707L);
            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.rip()).isEqualTo(rig.at("unaligned"));
        }
    }

    @Test
    void a32BitAddressTakesTheLowHalfOfTheTarget() {
        try (var rig = rig(3)) {
            rig.code(a -> {
                a.mov(Reg.RDI, 0xFFFF_FFFF_0000_0000L | PORTAL);
                a.mov(Reg.RSI, USER_DATA);
                a.db(0x67, 0xF2, 0x0F, 0x38, 0xF8, 0x3E);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(queue.commands).hasSize(1);
        }
    }

    @ParameterizedTest(name = "WRMSR IA32_PASID {0} is refused: {1}")
    @CsvSource({"0x80000001, false", "0x800FFFFF, false", "0x100000, true", "0x40000000, true", "0x100000000, true"})
    void thePasidRegisterHasReservedBits(String value, boolean refused) {
        try (var rig = rig(0)) {
            rig.cpu.msrs.pasid = 5;
            long wanted = Long.decode(value);
            rig.code(a -> {
                a.mov(Reg.ECX, 0xD93);
                a.mov(Reg.EAX, wanted & 0xFFFF_FFFFL);
                a.mov(Reg.EDX, wanted >>> 32);
                a.plain(Plain.WRMSR);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(refused ? 13 : Stop.END);
            assertThat(rig.cpu.msrs.pasid).isEqualTo(refused ? 5 : wanted);
        }
    }
}
