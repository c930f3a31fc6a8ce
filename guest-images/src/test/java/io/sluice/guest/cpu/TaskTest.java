package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Hardware tasks and virtual-8086 mode.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TaskTest {
    private static final int NEW_TSS = 0x8800;
    private static final int NEW_TASK = Rig.FREE;
    private static final int GATE = 0x68;
    private static final int TARGET = 0x1_4000;
    private static final int NEW_STACK = 0xB000;
    private static final int TS = 1 << 3;

    private static Rig rig() {
        var rig = Rig.protected32();
        rig.descriptor(NEW_TASK, Descriptor.segment(NEW_TSS, 0x67, Descriptor.TSS, 0));
        rig.descriptor(GATE, Descriptor.gate(NEW_TASK, 0, Descriptor.TASK_GATE, 0));
        rig.put32(NEW_TSS + 0x20, TARGET);
        rig.put32(NEW_TSS + 0x24, 2 | CpuState.CF);
        for (int i = 0; i < 8; i++) {
            rig.put32(NEW_TSS + 0x28 + 4 * i, 0x1000 + i);
        }
        rig.put32(NEW_TSS + 0x38, NEW_STACK);
        for (int i = 0; i < 6; i++) {
            rig.put32(NEW_TSS + 0x48 + 4 * i, i == Insn.CS ? Rig.CS32 : Rig.DS);
        }
        rig.put(TARGET, 0xF4);
        return rig;
    }

    private static void far(Asm a, boolean call, int selector) {
        a.db(call ? 0x9A : 0xEA);
        a.dd(0x1234_5678);
        a.dw(selector);
    }

    private static int type(Rig rig, int selector) {
        return (int) (rig.get64(Rig.GDT + selector) >>> 40) & 0xF;
    }

    @ParameterizedTest(name = "through selector {0}")
    @ValueSource(ints = {NEW_TASK, GATE})
    void aJumpLeavesOneTaskAndEntersTheOther(int selector) {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Reg.EBX, 0xB0B);
                far(a, false, selector);
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.rip()).isEqualTo(TARGET + 1);
            assertThat(rig.cpu.gpr[0]).isEqualTo(0x1000);
            assertThat(rig.cpu.gpr[4]).isEqualTo(NEW_STACK);
            assertThat(rig.cpu.gpr[7]).isEqualTo(0x1007);
            assertThat(stop.flags()).isEqualTo(2 | CpuState.CF);
            assertThat(rig.cpu.cr0 & TS).isEqualTo(TS);
            assertThat(rig.cpu.tr.selector).isEqualTo(NEW_TASK);
            assertThat(type(rig, Rig.TASK)).isEqualTo(9);
            assertThat(type(rig, NEW_TASK)).isEqualTo(11);
            assertThat(rig.get32(Rig.TSS + 0x20)).isEqualTo(rig.at("behind"));
            assertThat(rig.get32(Rig.TSS + 0x34)).isEqualTo(0xB0B);
            assertThat(rig.get16(Rig.TSS + 0x4C)).isEqualTo(Rig.CS32);
            assertThat(rig.get16(NEW_TSS)).isZero();
        }
    }

    @Test
    void aCalledTaskReturnsByIretAndBothKeepTheirState() {
        try (var rig = rig()) {
            rig.assemble(32, 0, TARGET, a -> {
                a.inc(Reg.EAX);
                a.iret();
            });
            rig.code(a -> {
                a.mov(Reg.EBX, 0xB0B);
                far(a, true, NEW_TASK);
                a.inc(Reg.EBX);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(0xB0C);
            assertThat(stop.has(CpuState.NT)).isFalse();
            assertThat(rig.cpu.tr.selector).isEqualTo(Rig.TASK);
            assertThat(type(rig, Rig.TASK)).isEqualTo(11);
            assertThat(type(rig, NEW_TASK)).isEqualTo(9);
            assertThat(rig.get16(NEW_TSS)).isEqualTo(Rig.TASK);
            assertThat(rig.get32(NEW_TSS + 0x28)).isEqualTo(0x1001);
            assertThat(rig.get32(NEW_TSS + 0x20)).isEqualTo(TARGET + 3);
            assertThat(rig.get32(NEW_TSS + 0x24) & CpuState.NT).isZero();
        }
    }

    @Test
    void anExceptionThroughATaskGatePushesItsCodeOnTheNewStackAndSavesTheFaultingInstruction() {
        try (var rig = rig()) {
            rig.gate(13, Descriptor.gate(NEW_TASK, 0, Descriptor.TASK_GATE, 0));
            rig.code(a -> {
                a.mov(Reg.EAX, 0x108);
                rig.mark(a, "load");
                a.mov(Reg.DS, Reg.EAX);
            });

            var stop = rig.run();

            assertThat(stop.rip()).isEqualTo(TARGET + 1);
            assertThat(stop.sp()).isEqualTo(NEW_STACK - 4);
            assertThat(rig.get32(NEW_STACK - 4)).isEqualTo(0x108);
            assertThat(rig.get32(Rig.TSS + 0x20)).isEqualTo(rig.at("load"));
            assertThat(rig.get32(Rig.TSS + 0x24) & CpuState.RF).isEqualTo(CpuState.RF);
            assertThat(stop.has(CpuState.NT)).isTrue();
            assertThat(rig.get16(NEW_TSS)).isEqualTo(Rig.TASK);
        }
    }

    @ParameterizedTest(name = "type {0}, limit {1}: {2}({3})")
    @CsvSource({
        "0x89, 0x66, 10, 0x60",
        "0x8B, 0x67, 13, 0x60",
        "0x09, 0x67, 11, 0x60",
        "0x82, 0x67, 13, 0x60",
        "0x81, 0x2A, 10, 0x60"
    })
    void aTaskThatCannotBeEnteredIsRefusedInTheOldTask(String access, String limit, int vector, String code) {
        try (var rig = rig()) {
            rig.descriptor(NEW_TASK, Descriptor.segment(NEW_TSS, Integer.decode(limit), Integer.decode(access), 0));
            rig.code(a -> {
                rig.mark(a, "far");
                far(a, true, NEW_TASK);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(Integer.decode(code));
            assertThat(stop.rip()).isEqualTo(rig.at("far"));
            assertThat(rig.cpu.tr.selector).isEqualTo(Rig.TASK);
            assertThat(rig.cpu.cr0 & TS).isZero();
        }
    }

    @ParameterizedTest(name = "field +{0} = {1}: {2}({3})")
    @CsvSource({"0x54, 0x108, 10, 0x108", "0x48, 0x108, 10, 0x108", "0x5C, 0x70, 11, 0x70", "0x20, 0x14000, -1, 0"})
    void aBadSegmentIsTheNewTasksFaultAtItsFirstInstruction(String field, String value, int vector, String code) {
        try (var rig = rig()) {
            rig.descriptor(0x70, Descriptor.flat(Descriptor.absent(Descriptor.DATA), Descriptor.BIG));
            rig.put32(NEW_TSS + Integer.decode(field), Integer.decode(value));
            rig.code(a -> far(a, false, NEW_TASK));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            if (vector >= 0) {
                assertThat(stop.code()).isEqualTo(Integer.decode(code));
                assertThat(stop.rip()).isEqualTo(TARGET);
                assertThat(rig.cpu.tr.selector).isEqualTo(NEW_TASK);
                assertThat(rig.cpu.gpr[7]).isEqualTo(0x1007);
            }
        }
    }

    @Test
    void theTrapBitRaisesADebugTrapInTheNewTask() {
        try (var rig = rig()) {
            rig.put16(NEW_TSS + 0x64, 1);
            rig.code(a -> far(a, false, NEW_TASK));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(1);
            assertThat(stop.rip()).isEqualTo(TARGET);
            assertThat(rig.cpu.dr[6] & 0xE00F).isEqualTo(1 << 15);
        }
    }

    @Test
    void a16BitTaskKeepsItsRegistersIn16Bits() {
        try (var rig = rig()) {
            rig.descriptor(NEW_TASK, Descriptor.segment(NEW_TSS, 0x2B, Descriptor.TSS16, 0));
            rig.put16(NEW_TSS + 0xE, 0x4000);
            rig.put16(NEW_TSS + 0x10, 2);
            for (int i = 0; i < 8; i++) {
                rig.put16(NEW_TSS + 0x12 + 2 * i, 0x2000 + i);
            }
            rig.put16(NEW_TSS + 0x22, Rig.DS);
            rig.put16(NEW_TSS + 0x24, Rig.CS32);
            rig.put16(NEW_TSS + 0x26, Rig.DS);
            rig.put16(NEW_TSS + 0x28, Rig.DS);
            rig.put16(NEW_TSS + 0x2A, 0);
            rig.put(0x4000, 0xF4);
            rig.code(a -> far(a, false, NEW_TASK));

            var stop = rig.run();

            assertThat(stop.rip()).isEqualTo(0x4001);
            assertThat(rig.cpu.gpr[1] & 0xFFFF).isEqualTo(0x2001);
            assertThat(rig.cpu.segments[Insn.FS].usable).isFalse();
            assertThat(type(rig, NEW_TASK)).isEqualTo(3);
        }
    }

    @Test
    void longModeHasNoTasks() {
        try (var rig = Rig.compatible()) {
            rig.code(a -> far(a, false, Rig.TASK));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo(Rig.TASK);
        }
    }

    // ---- virtual-8086 mode

    /// Code at 1000:1000 in virtual-8086 mode, entered by IRET.
    private static Rig virtual8086(int iopl, int... code) {
        var rig = Rig.protected32();
        rig.put(0x1_1000, code);
        rig.code(a -> {
            for (int segment : new int[] {0x5000, 0x4000, 0x3000, 0x2000}) {
                a.push((long) segment);
            }
            a.push(0x0900L);
            a.push(0x0800L);
            a.push((long) (CpuState.VM | iopl << 12 | 2));
            a.push(0x1000L);
            a.push(0x1000L);
            a.iret();
        });
        return rig;
    }

    @Test
    void iretEntersVirtual8086ModeAndAnExceptionLeavesItWithAllSegmentsOnTheStack() {
        try (var rig = virtual8086(3, 0x8C, 0xD8, 0x0F, 0x0B)) {
            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(6);
            assertThat(stop.rip()).isEqualTo(0x1002);
            assertThat(stop.cs()).isEqualTo(0x1000);
            assertThat(stop.has(CpuState.VM)).isTrue();
            assertThat(stop.sp()).isEqualTo(0x0800);
            assertThat(stop.ss()).isEqualTo(0x0900);
            // mov ax, ds
            assertThat(rig.cpu.gpr[0] & 0xFFFF).isEqualTo(0x3000);
            assertThat(rig.get32(Rig.STACK - 4)).isEqualTo(0x5000);
            assertThat(rig.get32(Rig.STACK - 8)).isEqualTo(0x4000);
            assertThat(rig.get32(Rig.STACK - 12)).isEqualTo(0x3000);
            assertThat(rig.get32(Rig.STACK - 16)).isEqualTo(0x2000);
            assertThat(rig.cpu.inVirtual8086Mode()).isFalse();
            assertThat(rig.cpu.segments[Insn.DS].usable).isFalse();
            assertThat(rig.cpu.cpl).isZero();
        }
    }

    /// What depends on IOPL in virtual-8086 mode.
    @ParameterizedTest(name = "IOPL {0}: {1} gives {2}")
    @CsvSource({
        "0, FA, 13",
        "0, FB, 13",
        "0, 9C, 13",
        "0, 9D, 13",
        "0, CD 30, 13",
        "0, CF, 13",
        "0, CC, 3",
        "3, CC, 3",
        "3, CD 03, 3",
        "0, CD 03, 13",
        "3, FA 0F 0B, 6",
        "3, 9C 0F 0B, 6",
        "3, CD 30, 13",
        "3, F4, 13",
        "3, 0F 20 C0, 13",
        "3, 0F 00 C0, 6",
        "3, 0F 02 C0, 6",
        "3, 63 C0, 6",
        "3, 0F 01 E0 0F 0B, 6"
    })
    void sensitiveInstructionsAreTheMonitorsBusiness(int iopl, String code, int vector) {
        var bytes = java.util.Arrays.stream(code.split(" "))
                .mapToInt(b -> Integer.parseInt(b, 16))
                .toArray();
        try (var rig = virtual8086(iopl, bytes)) {
            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
        }
    }

    @Test
    void theMonitorReturnsToVirtual8086Mode() {
        try (var rig = virtual8086(0, 0xFA, 0x40, 0x0F, 0x0B)) {
            rig.handler(13, a -> {
                a.add(Reg.ESP, 4);
                a.inc(io.sluice.guest.asm.Mem.at(Reg.ESP).bytes4());
                a.iret();
            });
            rig.cpu.gpr[0] = 6;

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(6);
            assertThat(stop.rip()).isEqualTo(0x1002);
            assertThat(rig.cpu.gpr[0] & 0xFFFF).isEqualTo(7);
        }
    }

    @Test
    void portsAskThePermissionMapInVirtual8086ModeWhateverIopl() {
        // mov dx, 500h; out dx, al; inc dx; out dx, al
        try (var rig = virtual8086(3, 0xBA, 0x00, 0x05, 0xEE, 0x42, 0xEE)) {
            rig.cpu.tr.limit = 0x68 + 0xA2;
            rig.put16(Rig.TSS + 0x66, 0x68);
            rig.put(Rig.TSS + 0x68 + 0xA0, 0xFE, 0xFF);

            var stop = rig.run();

            assertThat(rig.ports.written).hasSize(1);
            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(0x1005);
        }
    }

    @Test
    void anInterruptMayNotGoToAnOuterLevelFromVirtual8086Mode() {
        try (var rig = virtual8086(3, 0x0F, 0x0B)) {
            rig.gate(6, Descriptor.gate(Rig.USER_CS32, 0, Descriptor.INTERRUPT_GATE, 0));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo((Rig.USER_CS32 & ~3) | 1);
        }
    }

    @Test
    void stiInVirtual8086ModeNeedsIopl3() {
        try (var rig = Rig.user32()) {
            rig.code(a -> {
                rig.mark(a, "sti");
                a.plain(Plain.STI);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.rip()).isEqualTo(rig.at("sti"));
        }
    }
}
