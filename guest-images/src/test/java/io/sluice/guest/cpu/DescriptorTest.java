package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the loads of segment registers check, in which order, and what they report.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DescriptorTest {
    /// Vector and error code of loading `selector`, when the descriptor at [Rig#FREE] has this access byte; -1 is none.
    @ParameterizedTest(name = "level {0}: {1} := {2} with access {3} gives {4}({5})")
    @CsvSource(textBlock = """
                    # DS: null is fine, beyond the limit is not
                    0, DS, 0x00,  0x93, -1, -1
                    0, DS, 0x03,  0x93, -1, -1
                    0, DS, 0x108, 0x93, 13, 0x108
                    0, DS, 0x10B, 0x93, 13, 0x108
                    # an LDT that is not there
                    0, DS, 0x0C,  0x93, 13, 0x0C
                    # kinds of segments
                    0, DS, 0x60,  0x93, -1, -1
                    0, DS, 0x60,  0x91, -1, -1
                    0, DS, 0x60,  0x9B, -1, -1
                    0, DS, 0x60,  0x99, 13, 0x60
                    0, DS, 0x60,  0x82, 13, 0x60
                    0, DS, 0x60,  0x8C, 13, 0x60
                    # not present comes last
                    0, DS, 0x60,  0x13, 11, 0x60
                    0, DS, 0x60,  0x19, 13, 0x60
                    # privilege: both CPL and RPL against DPL, but for conforming code
                    0, DS, 0x63,  0x93, 13, 0x60
                    0, DS, 0x63,  0xF3, -1, -1
                    3, DS, 0x60,  0x93, 13, 0x60
                    3, DS, 0x60,  0xF3, -1, -1
                    3, DS, 0x63,  0x9F, -1, -1
                    3, DS, 0x63,  0x9B, 13, 0x60
                    # SS: null, RPL, DPL, writable, present
                    0, SS, 0x00,  0x93, 13, 0
                    0, SS, 0x108, 0x93, 13, 0x108
                    0, SS, 0x60,  0x93, -1, -1
                    0, SS, 0x61,  0x93, 13, 0x60
                    0, SS, 0x60,  0xB3, 13, 0x60
                    0, SS, 0x60,  0x91, 13, 0x60
                    0, SS, 0x60,  0x9B, 13, 0x60
                    0, SS, 0x60,  0x13, 12, 0x60
                    3, SS, 0x63,  0xF3, -1, -1
                    3, SS, 0x60,  0xF3, 13, 0x60
                    """)
    void aSegmentLoadReportsTheSelector(
            int level, String register, String selector, String access, int vector, String code) {
        try (var rig = level == 0 ? Rig.protected32() : Rig.user32()) {
            int number = Integer.decode(selector);
            var segment = register.equals("SS") ? Reg.SS : Reg.DS;
            rig.descriptor(Rig.FREE, Descriptor.segment(0, 0xFFFFF, Integer.decode(access) & ~1, Descriptor.BIG));
            rig.code(a -> {
                a.mov(Reg.EAX, number);
                rig.mark(a, "load");
                a.mov(segment, Reg.EAX);
            });
            int before = rig.cpu.segments[register.equals("SS") ? Insn.SS : Insn.DS].selector;

            var stop = rig.run();

            assertThat(stop.isEnd() ? -1 : stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(Integer.decode(code));
            if (vector >= 0) {
                assertThat(stop.rip()).isEqualTo(rig.at("load"));
                assertThat(stop.ss()).isEqualTo(level == 0 ? Rig.DS : Rig.USER_DS);
                assertThat(rig.cpu.segments[Insn.DS].selector).isEqualTo(before);
                assertThat(rig.get64(Rig.GDT + Rig.FREE) >>> 40 & 1)
                        .as("accessed")
                        .isZero();
            } else if (number >= Rig.FREE) {
                assertThat(rig.get64(Rig.GDT + Rig.FREE) >>> 40 & 1)
                        .as("accessed")
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void aLoadThroughANullSegmentIsAGeneralProtectionFault() {
        try (var rig = Rig.protected32()) {
            rig.code(a -> {
                a.xor(Reg.EAX, Reg.EAX);
                a.mov(Reg.DS, Reg.EAX);
                rig.mark(a, "load");
                a.mov(Reg.EBX, Mem.absolute(Rig.DATA));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(rig.at("load"));
        }
    }

    /// A segment at 0x20000 of 0x1000 bytes, or one that expands down from there.
    @ParameterizedTest(name = "access {0}, {2} bytes at {1}: {3}")
    @CsvSource({
        "0x93, 0x0FFC, 4, -1",
        "0x93, 0x0FFD, 4, 13",
        "0x93, 0x1000, 1, 13",
        "0x97, 0x0FFF, 1, 13",
        "0x97, 0x1000, 1, -1",
        "0x97, 0xFFFC, 4, -1"
    })
    void limitsHoldToTheLastByte(String access, String offset, int size, int vector) {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(Rig.DATA, 0xFFF, Integer.decode(access), Descriptor.BYTES));
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.FREE);
                a.mov(Reg.DS, Reg.EAX);
                a.mov(size == 1 ? Reg.AL : Reg.EAX, Mem.absolute(Integer.decode(offset)));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(vector < 0 ? Stop.NONE : 0);
        }
    }

    @Test
    void theStackSegmentsLimitIsAStackFault() {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(0, 0xFFFF, Descriptor.DATA, 4));
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.FREE);
                a.mov(Reg.SS, Reg.EAX);
                a.mov(Reg.EBX, Mem.at(Reg.ESP, 0xFFFF));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(12);
            assertThat(stop.code()).isZero();
        }
    }

    @Test
    void aReadOnlySegmentRefusesWritesAndCodeRefusesThemToo() {
        try (var rig = Rig.protected32()) {
            rig.code(a -> {
                a.db(0x2E);
                a.mov(Reg.EAX, Mem.absolute(Rig.DATA));
                rig.mark(a, "store");
                a.db(0x2E);
                a.mov(Mem.absolute(Rig.DATA), Reg.EAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.rip()).isEqualTo(rig.at("store"));
        }
    }

    @ParameterizedTest(name = "LTR {0} of type {1}: {2}({3})")
    @CsvSource({
        "0x00, 0x89, 13, 0",
        "0x60, 0x89, -1, -1",
        "0x60, 0x81, -1, -1",
        "0x60, 0x8B, 13, 0x60",
        "0x60, 0x82, 13, 0x60",
        "0x60, 0x93, 13, 0x60",
        "0x64, 0x89, 13, 0x64",
        "0x108, 0x89, 13, 0x108",
        "0x60, 0x09, 11, 0x60"
    })
    void loadingTheTaskRegisterMarksTheTaskBusy(String selector, String access, int vector, String code) {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(Rig.TSS, 0x67, Integer.decode(access), 0));
            rig.code(a -> {
                a.mov(Reg.AX, Integer.decode(selector));
                a.ltr(Reg.AX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(Integer.decode(code));
            assertThat(rig.cpu.tr.selector).isEqualTo(vector < 0 ? Rig.FREE : Rig.TASK);
            assertThat((int) (rig.get64(Rig.GDT + Rig.FREE) >>> 40) & 0xFF)
                    .isEqualTo(Integer.decode(access) | (vector < 0 ? 2 : 0));
        }
    }

    @Test
    void inLongModeTaskAndLdtDescriptorsAre16BytesWithA64BitBase() {
        try (var rig = Rig.long64()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(0x1234_5000, 0xFFF, Descriptor.LDT, 0));
            rig.put64(Rig.GDT + Rig.FREE + 8, 0xFFFF_8000L);
            rig.descriptor(0x70, Descriptor.segment(0, 0x67, Descriptor.TSS, 0));
            rig.put64(Rig.GDT + 0x78, 0x8000L);
            rig.code(a -> {
                a.mov(Reg.AX, Rig.FREE);
                a.lldt(Reg.AX);
                a.mov(Reg.AX, 0x70);
                rig.mark(a, "ltr");
                a.ltr(Reg.AX);
            });

            var stop = rig.run();

            assertThat(rig.cpu.ldtr.base).isEqualTo(0xFFFF_8000_1234_5000L);
            // Base 0000_8000_0000_0000 is not canonical.
            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo(0x70);
            assertThat(stop.rip()).isEqualTo(rig.at("ltr"));
        }
    }

    /// ZF and the register after LAR and LSL of a descriptor with this access byte.
    @ParameterizedTest(name = "{0}-bit mode, access {1}: LAR {2}, LSL {3}")
    @CsvSource({
        "32, 0x93, 1, 1", "32, 0x9B, 1, 1", "32, 0x81, 1, 1", "32, 0x82, 1, 1", "32, 0x83, 1, 1", "32, 0x84, 1, 0",
        "32, 0x85, 1, 0", "32, 0x86, 0, 0", "32, 0x87, 0, 0", "32, 0x89, 1, 1", "32, 0x8B, 1, 1", "32, 0x8C, 1, 0",
        "32, 0x8E, 0, 0", "32, 0x8F, 0, 0", "32, 0x80, 0, 0", "32, 0x88, 0, 0", "32, 0x8A, 0, 0", "32, 0x8D, 0, 0",
        "64, 0x81, 0, 0", "64, 0x83, 0, 0", "64, 0x84, 0, 0", "64, 0x85, 0, 0", "64, 0x82, 1, 1", "64, 0x89, 1, 1",
        "64, 0x8B, 1, 1", "64, 0x8C, 1, 0", "64, 0x8E, 0, 0", "64, 0x93, 1, 1"
    })
    void larAndLslKnowTheTypes(int bits, String access, long rights, long limit) {
        try (var rig = bits == 32 ? Rig.protected32() : Rig.long64()) {
            int bytes = Integer.decode(access);
            rig.descriptor(Rig.FREE, Descriptor.segment(0x5555, 0x12345, bytes, 8));
            rig.code(a -> {
                a.mov(Reg.ECX, Rig.FREE);
                a.mov(Reg.EAX, 0x77);
                a.mov(Reg.EBX, 0x77);
                // lar eax, ecx; setz dl; lsl ebx, ecx; setz dh
                a.db(0x0F, 0x02, 0xC1, 0x0F, 0x94, 0xC2, 0x0F, 0x03, 0xD9, 0x0F, 0x94, 0xC6);
            });

            rig.run();

            assertThat(rig.cpu.gpr[2] & 0xFF).isEqualTo(rights);
            assertThat(rig.cpu.gpr[2] >>> 8 & 0xFF).isEqualTo(limit);
            assertThat(rig.cpu.gpr[0]).isEqualTo(rights == 1 ? 0x80_0000L | bytes << 8 : 0x77);
            assertThat(rig.cpu.gpr[3]).isEqualTo(limit == 1 ? 0x1234_5FFFL : 0x77);
        }
    }

    @Test
    void verrAndVerwSayWhatTheProgramMayDo() {
        try (var rig = Rig.user32()) {
            rig.descriptor(Rig.FREE, Descriptor.flat(Descriptor.dpl(Descriptor.READ_ONLY, 3), Descriptor.BIG));
            rig.code(a -> {
                a.mov(Reg.ECX, Rig.FREE | 3);
                // verr cx; setz al; verw cx; setz ah
                a.db(0x0F, 0x00, 0xE1, 0x0F, 0x94, 0xC0, 0x0F, 0x00, 0xE9, 0x0F, 0x94, 0xC4);
                a.mov(Reg.ECX, Rig.DS);
                a.db(0x0F, 0x00, 0xE1, 0x0F, 0x94, 0xC3);
            });

            rig.run();

            assertThat(rig.cpu.gpr[0] & 0xFFFF).isEqualTo(0x0001);
            assertThat(rig.cpu.gpr[3] & 0xFF).isZero();
        }
    }
}
