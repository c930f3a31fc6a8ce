package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The harness itself, on instructions whose results are known.
@Timeout(120)
final class HostCpuTest {
    private final HostCpu host = HostCpu.start();
    private final MachineState before = new MachineState();
    private final MachineState after = new MachineState();

    HostCpuTest() {
        before.rflags = 0x202;
        before.gpr[4] = HostCpu.WINDOW + 512;
        // FCW, MXCSR: all exceptions masked.
        before.fpu[0] = 0x7F;
        before.fpu[1] = 0x03;
        before.fpu[24] = (byte) 0x80;
        before.fpu[25] = 0x1F;
    }

    @AfterEach
    void stop() {
        host.close();
    }

    private void run(int mode, String hex) {
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        host.run(mode, new byte[][] {code}, new MachineState[] {before}, new MachineState[] {after}, 1);
    }

    @Test
    void anAdditionSetsRegistersAndFlags() {
        before.gpr[0] = 0xFFFF_FFFF_FFFF_FFFFL;
        before.gpr[3] = 1;

        run(64, "48 01 d8");

        assertThat(after.vector).isEqualTo(MachineState.NO_FAULT);
        assertThat(after.gpr[0]).isZero();
        assertThat(after.rip).isEqualTo(HostCpu.INSTRUCTION + 3);
        assertThat(after.rflags & 0x8D5).isEqualTo(0x55);
    }

    @Test
    void aPushWritesTheWindow() {
        before.gpr[0] = 0x1122_3344_5566_7788L;

        run(64, "50");

        assertThat(after.gpr[4]).isEqualTo(HostCpu.WINDOW + 504);
        assertThat(after.memory[504]).isEqualTo((byte) 0x88);
        assertThat(after.memory[511]).isEqualTo((byte) 0x11);
    }

    @Test
    void aStoreOverTheEndOfThePageFaultsWithItsAddress() {
        before.gpr[0] = HostCpu.WINDOW + HostCpu.WINDOW_SIZE - 4;

        run(64, "48 89 00");

        assertThat(after.vector).isEqualTo(14);
        assertThat(after.errorCode).isEqualTo(6);
        assertThat(after.faultAddress).isEqualTo(HostCpu.WINDOW + HostCpu.WINDOW_SIZE);
        assertThat(after.rip).isEqualTo(HostCpu.INSTRUCTION);
    }

    @Test
    void aDivisionByZeroFaults() {
        run(64, "48 f7 f1");

        assertThat(after.vector).isZero();
    }

    @Test
    void anIllegalInstructionFaults() {
        run(64, "0f 0b");

        assertThat(after.vector).isEqualTo(6);
    }

    @Test
    void aBranchEndsWhereItGoes() {
        run(64, "e9 00 01 00 00");

        assertThat(after.vector).isEqualTo(MachineState.NO_FAULT);
        assertThat(after.rip).isEqualTo(HostCpu.INSTRUCTION + 5 + 0x100);
    }

    @Test
    void aBranchOutOfTheCodeEndsWhereItGoes() {
        run(64, "e9 00 00 00 04");

        assertThat(after.vector).isEqualTo(MachineState.NO_FAULT);
        assertThat(after.rip).isEqualTo(HostCpu.INSTRUCTION + 5 + 0x0400_0000);
    }

    @Test
    void compatibilityModeRunsWhatSixtyFourBitModeDoesNot() {
        before.gpr[0] = 0x0F;

        run(32, "37");

        assertThat(after.vector).isEqualTo(MachineState.NO_FAULT);
        assertThat(after.gpr[0]).isEqualTo(0x105);
    }

    @Test
    void breakpointsOfTheInstructionItselfAreItsAnswer() {
        run(64, "cc");

        assertThat(after.vector).isEqualTo(3);
        assertThat(after.rip).isEqualTo(HostCpu.INSTRUCTION + 1);
    }

    @Test
    void xmmAndX87GoInAndOut() {
        before.fpu[160] = 5;
        before.fpu[176] = 7;

        run(64, "66 0f d4 c1");

        assertThat(after.fpu[160]).isEqualTo((byte) 12);

        run(64, "d9 e8");

        assertThat(after.fpu[4]).isEqualTo((byte) 0x80);
        assertThat(after.fpu[32 + 9]).isEqualTo((byte) 0x3F);
    }

    @Test
    void segmentBasesGoInAndOut() {
        before.fsBase = HostCpu.WINDOW;
        before.memory[8] = 42;

        run(64, "64 8a 04 25 08 00 00 00");

        assertThat(after.gpr[0]).isEqualTo(42);
        assertThat(after.fsBase).isEqualTo(HostCpu.WINDOW);
    }
}
