package io.sluice.guest.cpu;

import static io.sluice.guest.cpu.Rig.DATA;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Repeated strings that fault, and exchanges across pages: what is done is done, what is not is not.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StringTest {
    @ParameterizedTest(name = "{0} {1} faults after {2} bytes with {3}")
    @CsvSource({
        "F3 A4, target, 0x800, 2", "F3 48 A5, target, 0x800, 2", "F3 A4, source, 0x800, 0", "F3 AA, target, 0x800, 2",
        "F3 48 AB, target, 0x800, 2", "F3 AC, source, 0x800, 0", "F3 A6, target, 0x800, 0", "F3 AE, target, 0x800, 0"
    })
    void aStringStopsAtTheFaultWithItsRegistersThere(String code, String where, String done, int error) {
        try (var rig = Rig.long64()) {
            int target = DATA + 0x800;
            int source = DATA + 0x8800;
            int missing = where.equals("target") ? DATA + 0x1000 : DATA + 0x9000;
            rig.map(missing, 0);
            int size = code.contains("48") ? 8 : 1;
            rig.code(a -> {
                a.mov(Reg.EDI, target);
                a.mov(Reg.ESI, source);
                a.mov(Reg.ECX, 0x1000);
                a.xor(Reg.EAX, Reg.EAX);
                rig.mark(a, "string");
                for (var part : code.split(" ")) {
                    a.db(Integer.parseInt(part, 16));
                }
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.code()).isEqualTo(error);
            assertThat(stop.rip()).isEqualTo(rig.at("string"));
            assertThat(rig.cpu.cr2).isEqualTo(missing);
            assertThat(rig.cpu.gpr[1]).isEqualTo(0x1000 - Integer.decode(done) / size);
            boolean movesTarget = !code.endsWith("AC");
            boolean movesSource = code.endsWith("A4") || code.endsWith("A5") || !movesTarget || code.endsWith("A6");
            assertThat(rig.cpu.gpr[7]).isEqualTo(movesTarget ? target + Integer.decode(done) : target);
            assertThat(rig.cpu.gpr[6]).isEqualTo(movesSource ? source + Integer.decode(done) : source);
        }
    }

    @Test
    void a67PrefixCountsAndPointsIn32Bits() {
        try (var rig = Rig.long64()) {
            rig.put(DATA, 1, 2, 3, 4);
            rig.code(a -> {
                a.mov(Reg.RSI, 0xAAAA_AAAA_0000_0000L | DATA);
                a.mov(Reg.RDI, 0xBBBB_BBBB_0000_0000L | DATA + 0x100);
                a.mov(Reg.RCX, 0xCCCC_CCCC_0000_0004L);
                a.db(0x67, 0xF3, 0xA4);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.get32(DATA + 0x100)).isEqualTo(0x0403_0201);
            assertThat(rig.cpu.gpr[1]).isZero();
            assertThat(rig.cpu.gpr[6]).isEqualTo(DATA + 4);
            assertThat(rig.cpu.gpr[7]).isEqualTo(DATA + 0x104);
        }
    }

    @Test
    void anOverlappingCopyRepeatsWhatItHasWritten() {
        try (var rig = Rig.long64()) {
            rig.put(DATA, 0x5A);
            rig.code(a -> {
                a.mov(Reg.ESI, DATA);
                a.mov(Reg.EDI, DATA + 1);
                a.mov(Reg.ECX, 100);
                a.plain(Plain.REP_MOVSB);
            });

            rig.run();

            assertThat(rig.get64(DATA + 93)).isEqualTo(0x5A5A_5A5A_5A5A_5A5AL);
        }
    }

    @Test
    void stringsGoDownWhenTheDirectionFlagSaysSo() {
        try (var rig = Rig.long64()) {
            rig.put(DATA + 0x1000, 1, 2, 3, 4);
            rig.map(DATA, DATA | 3);
            rig.cpu.systemFlags |= CpuState.DF;
            rig.code(a -> {
                a.mov(Reg.ESI, DATA + 0x1003);
                a.mov(Reg.EDI, DATA + 0x1013);
                a.mov(Reg.ECX, 4);
                a.plain(Plain.REP_MOVSB);
            });

            rig.run();

            assertThat(rig.get32(DATA + 0x1010)).isEqualTo(0x0403_0201);
            assertThat(rig.cpu.gpr[6]).isEqualTo(DATA + 0xFFF);
        }
    }

    @Test
    void a16BitStringWrapsInItsSegment() {
        try (var rig = Rig.real()) {
            rig.cpu.segments[0].base = 0x2_0000;
            rig.cpu.gpr[7] = 0xFFFE;
            rig.cpu.gpr[1] = 4;
            rig.cpu.gpr[0] = 0x77;
            rig.code(a -> a.plain(Plain.REP_STOSB));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[7] & 0xFFFF).isEqualTo(2);
            assertThat(rig.get16(0x2_FFFE)).isEqualTo(0x7777);
            assertThat(rig.get16(0x2_0000)).isEqualTo(0x7777);
        }
    }

    @Test
    void anExchangeOf8BytesAcrossPagesIsWholeOrNothing() {
        try (var rig = Rig.long64()) {
            rig.put64(DATA + 0xFFC, 0x1111_1111_2222_2222L);
            rig.map(DATA + 0x1000, DATA + 0x1000 | 1);
            rig.code(a -> {
                a.mov(Reg.EAX, 0x2222_2222);
                a.mov(Reg.EDX, 0x1111_1111);
                a.mov(Reg.EBX, 5);
                a.mov(Reg.ECX, 6);
                a.mov(Reg.ESI, DATA + 0xFFC);
                rig.mark(a, "exchange");
                // lock cmpxchg8b [rsi]
                a.db(0xF0, 0x0F, 0xC7, 0x0E);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.code()).isEqualTo(3);
            assertThat(rig.cpu.cr2).isEqualTo(DATA + 0x1000);
            assertThat(stop.rip()).isEqualTo(rig.at("exchange"));
            assertThat(rig.get64(DATA + 0xFFC)).isEqualTo(0x1111_1111_2222_2222L);
        }
    }

    @ParameterizedTest(name = "at +{0}: {1}")
    @CsvSource({"0, -1", "8, 13", "0xFF8, 13"})
    void anExchangeOf16BytesIsAligned(String offset, int vector) {
        try (var rig = Rig.long64()) {
            rig.cpu.gpr[0] = 0;
            rig.cpu.gpr[2] = 0;
            rig.code(a -> {
                a.mov(Reg.EBX, 5);
                a.mov(Reg.ECX, 6);
                a.mov(Reg.ESI, DATA + Integer.decode(offset));
                a.db(0xF0, 0x48, 0x0F, 0xC7, 0x0E);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(rig.get64(DATA + 8)).isEqualTo(vector < 0 ? 6 : 0);
        }
    }

    @Test
    void popToMemoryThatFaultsLeavesTheStackPointer() {
        try (var rig = Rig.long64()) {
            rig.map(DATA, 0);
            rig.code(a -> {
                a.push(5L);
                rig.mark(a, "pop");
                // pop qword [DATA]
                a.db(0x8F, 0x04, 0x25);
                a.dd(DATA);
                a.mov(Reg.RAX, Mem.absolute(0));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.rip()).isEqualTo(rig.at("pop"));
            assertThat(stop.sp()).isEqualTo(Rig.STACK - 8);
        }
    }
}
