package io.sluice.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;

class VcpuEntryTest {
    private final CpuState cpu = new CpuState();

    @Test
    void longModeIsOnWithPagingAndFlatSegments() {
        VcpuEntry.apply(
                new EntryState.LongMode(new Gpa(0x100_0000), new Gpa(0x2000), new Gpa(0x3000), new Gpa(0x1060), 31),
                cpu);

        assertThat(cpu.cr0).isEqualTo(0x8000_0031L);
        assertThat(cpu.cr4).isEqualTo(0x20);
        assertThat(cpu.efer).isEqualTo(0x500);
        assertThat(cpu.cr3).isEqualTo(0x3000);
        assertThat(cpu.rip).isEqualTo(0x100_0000);
        assertThat(cpu.gpr[6]).isEqualTo(0x2000);
        assertThat(cpu.segments[1].isLong()).isTrue();
        assertThat(cpu.segments[1].selector).isEqualTo(0x10);
        assertThat(cpu.segments[2].selector).isEqualTo(0x18);
        assertThat(cpu.gdtBase).isEqualTo(0x1060);
        assertThat(cpu.flag(CpuState.IF)).isFalse();
    }

    @Test
    void protectedModeHasNoPagingAndThirtyTwoBitCode() {
        VcpuEntry.apply(new EntryState.Protected32(0x10_0000, 0x2BAD_B002, 0x1100, new Gpa(0x1200), 31), cpu);

        assertThat(cpu.cr0).isEqualTo(0x31);
        assertThat(cpu.efer).isZero();
        assertThat(cpu.rip).isEqualTo(0x10_0000);
        assertThat(cpu.gpr[0]).isEqualTo(0x2BAD_B002L);
        assertThat(cpu.gpr[3]).isEqualTo(0x1100);
        assertThat(cpu.segments[1].big()).isTrue();
        assertThat(cpu.segments[1].isLong()).isFalse();
        assertThat(cpu.segments[3].limit).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void realModeStartsAtTheBootSector() {
        VcpuEntry.apply(new EntryState.Real16(0, 0x7C00, 0x7C00, 0x80), cpu);

        assertThat(cpu.rip).isEqualTo(0x7C00);
        assertThat(cpu.gpr[2]).isEqualTo(0x80);
        assertThat(cpu.segments[1].base).isZero();
        assertThat(cpu.idtLimit).isEqualTo(0x3FF);
    }
}
