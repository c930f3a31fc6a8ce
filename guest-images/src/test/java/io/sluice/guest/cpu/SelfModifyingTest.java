package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Code that changes is run as it is, whoever changed it and by whatever address.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SelfModifyingTest {
    private static final int ROUTINE = 0x1_4000;

    /// `mov eax, value; ret` at [#ROUTINE].
    private static Rig rig() {
        var rig = Rig.long64();
        routine(rig, 1);
        return rig;
    }

    private static void routine(Rig rig, int value) {
        rig.put(ROUTINE, 0xB8, value, 0, 0, 0, 0xC3);
    }

    /// Calls the routine twice with `change` between, results in RBX and RAX.
    private static void twice(Asm a, Runnable change) {
        a.mov(Reg.RSI, ROUTINE);
        a.call(Reg.RSI);
        a.mov(Reg.EBX, Reg.EAX);
        change.run();
        a.call(Reg.RSI);
    }

    private static void check(Rig rig) {
        var stop = rig.run();

        assertThat(stop.isEnd()).isTrue();
        assertThat(rig.cpu.gpr[3]).isEqualTo(1);
        assertThat(rig.cpu.gpr[0]).isEqualTo(2);
    }

    @Test
    void theNextInstructionOfTheSameBlockIsTheNewOne() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.EBX, 1);
                // The immediate of the instruction right behind.
                a.mov(Mem.label("next").plus(1).bytes1(), 2);
                a.label("next");
                a.mov(Reg.EAX, 1);
            });

            check(rig);
        }
    }

    @Test
    void anInstructionMayOverwriteItself() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.ECX, 2);
                a.label("self");
                a.mov(Mem.label("self").bytes1(), 0x90);
                a.inc(Reg.RDX);
            });
            // From its second byte on the old instruction is: movb $0x90, disp(%rip) without its opcode.
            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[2]).isEqualTo(1);
        }
    }

    @Test
    void aStoreIntoAnotherBlockIsSeen() {
        try (var rig = rig()) {
            rig.code(a -> twice(a, () -> a.mov(Mem.absolute(ROUTINE + 1).bytes1(), 2)));

            check(rig);
        }
    }

    @Test
    void aStoreThroughAnotherMappingIsSeen() {
        try (var rig = rig()) {
            rig.map(Rig.DATA, ROUTINE | 3);
            rig.code(a -> {
                // The alias is written before, so that its translation is there.
                a.mov(Mem.absolute(Rig.DATA + 0x800).bytes1(), 7);
                twice(a, () -> a.mov(Mem.absolute(Rig.DATA + 1).bytes1(), 2));
            });

            check(rig);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"stosb", "movsb", "xchg", "movdir64b", "push"})
    void everyKindOfStoreIsSeen(String how) {
        try (var rig = rig()) {
            rig.put(Rig.DATA, 0xB8, 2, 0, 0, 0, 0xC3);
            rig.code(a -> twice(a, () -> {
                switch (how) {
                    case "stosb" -> {
                        a.mov(Reg.EDI, ROUTINE + 1);
                        a.mov(Reg.EAX, 2);
                        a.mov(Reg.ECX, 1);
                        a.plain(Plain.REP_STOSB);
                    }
                    case "movsb" -> {
                        a.mov(Reg.EDI, ROUTINE);
                        a.mov(Reg.ESI, Rig.DATA);
                        a.mov(Reg.ECX, 5);
                        a.plain(Plain.REP_MOVSB);
                        a.mov(Reg.ESI, ROUTINE);
                    }
                    case "xchg" -> {
                        a.mov(Reg.AL, 2);
                        a.xchg(Mem.absolute(ROUTINE + 1), Reg.AL);
                    }
                    case "movdir64b" -> {
                        a.mov(Reg.EDI, ROUTINE);
                        a.mov(Reg.ECX, Rig.DATA);
                        a.db(0x66, 0x0F, 0x38, 0xF8, 0x39);
                    }
                    default -> {
                        a.mov(Reg.RDX, Reg.RSP);
                        a.mov(Reg.RSP, ROUTINE + 8);
                        a.mov(Reg.RAX, 0x0000_C300_0000_02B8L);
                        a.push(Reg.RAX);
                        a.mov(Reg.RSP, Reg.RDX);
                    }
                }
            }));

            check(rig);
        }
    }

    @Test
    void anInstructionAcrossTwoPagesIsSeenToChangeInTheSecond() {
        try (var rig = Rig.long64()) {
            rig.put(ROUTINE + 0xFFE, 0xB8, 1, 0, 0, 0, 0xC3);
            rig.code(a -> {
                a.mov(Reg.RSI, ROUTINE + 0xFFE);
                a.call(Reg.RSI);
                a.mov(Reg.EBX, Reg.EAX);
                a.mov(Mem.absolute(ROUTINE + 0x1000).bytes1(), 1);
                a.call(Reg.RSI);
            });

            rig.run();

            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
            assertThat(rig.cpu.gpr[0]).isEqualTo(0x101);
        }
    }

    @Test
    void aSecondPageThatIsRemappedIsSeen() {
        try (var rig = Rig.long64()) {
            rig.put(ROUTINE + 0xFFE, 0xB8, 1, 0, 0, 0, 0xC3);
            rig.put(Rig.DATA, 5, 0, 0, 0xC3);
            rig.code(a -> {
                a.mov(Reg.RSI, ROUTINE + 0xFFE);
                a.call(Reg.RSI);
                a.mov(Reg.EBX, Reg.EAX);
                a.mov(Mem.absolute(Rig.entryOf(ROUTINE + 0x1000)).bytes8(), Rig.DATA | 3);
                a.invlpg(Mem.absolute(ROUTINE + 0x1000));
                a.call(Reg.RSI);
            });

            rig.run();

            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
            assertThat(rig.cpu.gpr[0]).isEqualTo(0x501);
        }
    }

    @Test
    void aCodePageThatIsRemappedIsSeen() {
        try (var rig = rig()) {
            rig.put(Rig.DATA, 0xB8, 2, 0, 0, 0, 0xC3);
            rig.code(a -> twice(a, () -> {
                a.mov(Mem.absolute(Rig.entryOf(ROUTINE)).bytes8(), Rig.DATA | 3);
                a.invlpg(Mem.absolute(ROUTINE));
            }));

            check(rig);
        }
    }

    @Test
    void aDevicesWriteIntoCodeIsSeen() {
        try (var rig = rig()) {
            rig.ports.onWrite = () -> rig.memory.dmaWrite(ROUTINE, new byte[] {(byte) 0xB8, 2}, 0, 2);
            rig.code(a -> twice(a, () -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
            }));

            check(rig);
        }
    }

    @Test
    void anotherThreadsWriteIntoCodeIsSeenSoon() throws InterruptedException {
        try (var rig = Rig.long64()) {
            rig.put(ROUTINE, 0xEB, 0xFE, 0xF4);
            var writer = Thread.ofPlatform()
                    .unstarted(() -> rig.memory.dmaWrite(ROUTINE, new byte[] {(byte) 0x90, (byte) 0x90}, 0, 2));
            rig.ports.onWrite = writer::start;
            rig.code(a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.mov(Reg.RSI, ROUTINE);
                a.outDx(Reg.AL);
                a.jmp(Reg.RSI);
            });

            var stop = rig.run();
            writer.join();

            assertThat(stop.rip()).isEqualTo(ROUTINE + 3);
        }
    }

    @Test
    void aPageTableAmongTheCodeChangesNothingButItself() {
        try (var rig = rig()) {
            // The walk for the second page writes an accessed bit into the page that is being decoded.
            int table = ROUTINE;
            rig.put64(Rig.DIRECTORY + 16, table | Rig.TABLE_ENTRY);
            for (int page = 0; page < 256; page++) {
                rig.put64(table + 8 * page, Rig.DATA | 3);
            }
            rig.put(table + 0xFFE, 0xB8, 1, 0, 0, 0, 0xC3);
            rig.code(a -> {
                a.mov(Reg.RSI, table + 0xFFE);
                a.call(Reg.RSI);
                a.mov(Reg.EBX, Reg.EAX);
                a.mov(Mem.absolute(table + 0xFFF).bytes1(), 2);
                a.call(Reg.RSI);
            });

            check(rig);
        }
    }

    @Test
    void codeThatWritesBesideItselfRunsOn() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.ECX, 1000);
                a.label("loop");
                a.inc(Mem.label("counter").bytes4());
                a.dec(Reg.ECX);
                a.j(Condition.NE, "loop");
                a.jmp("out");
                a.label("counter");
                a.dd(0);
                a.label("out");
                a.mov(Reg.EBX, Mem.label("counter"));
            });

            rig.run();

            assertThat(rig.cpu.gpr[3]).isEqualTo(1000);
        }
    }
}
