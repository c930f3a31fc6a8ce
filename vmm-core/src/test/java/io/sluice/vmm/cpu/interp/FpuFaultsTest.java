package io.sluice.vmm.cpu.interp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.testkit.NoInterrupts;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What user mode on the host cannot show: the control bits that forbid x87, MMX and SSE, and how a pending x87
/// exception is told.
@Timeout(120)
class FpuFaultsTest {
    private static final int EM = 1 << 2;
    private static final int NE = 1 << 5;
    private static final int OSFXSR = 1 << 9;
    private static final int OSXMMEXCPT = 1 << 10;

    private final NoInterrupts ports = new NoInterrupts();
    private final Core core = new Core(new AddressSpace("memory", 0xFFFF_FFFFL), new AddressSpace("io", 0xFFFF), ports);
    private final CpuState state = core.state;

    private void run(String hex) {
        byte[] code = HexFormat.of().parseHex(hex);
        var insn = new Insn();
        new Decoder().decode(code, 0, code.length, 64, insn);
        OpFactory.create(insn).run(core);
    }

    private int vector(String hex) {
        return catchThrowable(() -> run(hex)) instanceof GuestFault fault ? fault.vector : -1;
    }

    /// MP is 2, EM 4, TS 8.
    @ParameterizedTest
    @CsvSource({
        "fld1,     d9e8,     0,  -1",
        "fld1,     d9e8,     4,  7",
        "fld1,     d9e8,     8,  7",
        "fninit,   dbe3,     8,  7",
        "fwait,    9b,       4,  -1",
        "fwait,    9b,       8,  -1",
        "fwait,    9b,       10, 7",
        "paddb mm, 0ffcc0,   4,  6",
        "paddb mm, 0ffcc0,   8,  7",
        "emms,     0f77,     4,  6",
        "paddb,    660ffcc0, 4,  6",
        "paddb,    660ffcc0, 8,  7",
        "paddb,    660ffcc0, 12, 6",
        "paddb,    660ffcc0, 2,  -1",
    })
    void controlBitsForbidWhatTheManualSays(String name, String code, int cr0, int vector) {
        state.cr0 = cr0;
        state.cr4 = OSFXSR;

        assertThat(vector(code)).as(name).isEqualTo(vector);
    }

    @Test
    void sseWithoutOsfxsrIsUndefined() {
        state.cr0 = 0;
        state.cr4 = 0;

        assertThat(vector("0f58c0")).isEqualTo(GuestFault.UD);
    }

    @Test
    void anUnmaskedSimdExceptionIsUndefinedUntilTheSystemAsksForIt() {
        state.cr4 = OSFXSR;
        state.fpu.mxcsr = 0;
        state.fpu.xmm[0] = Double.doubleToRawLongBits(0.0);

        assertThat(vector("f20f5ec0")).isEqualTo(GuestFault.UD);

        state.cr4 |= OSXMMEXCPT;
        assertThat(vector("f20f5ec0")).isEqualTo(GuestFault.XM);
        assertThat(state.fpu.mxcsr).isEqualTo(1);
    }

    @Test
    void aPendingExceptionFaultsAtTheNextInstructionThatWaits() {
        state.cr0 = NE;
        divideOneByZeroUnmasked();

        assertThat(vector("dfe0")).as("fnstsw ax does not wait").isEqualTo(-1);
        assertThat(state.gpr[0] & 0x80).isEqualTo(0x80);
        assertThat(vector("0ffcc0")).as("MMX waits").isEqualTo(GuestFault.MF);
        assertThat(vector("d9e8")).isEqualTo(GuestFault.MF);
        assertThat(vector("9b")).isEqualTo(GuestFault.MF);
        assertThat(vector("dbe2")).as("fnclex").isEqualTo(-1);
        assertThat(vector("d9e8")).isEqualTo(-1);
    }

    @Test
    void withoutNePendingExceptionsRaiseFerrUntilTheyAreCleared() {
        state.cr0 = 0;
        divideOneByZeroUnmasked();

        assertThat(vector("9b")).isEqualTo(-1);
        assertThat(ports.ferr).isTrue();

        run("dbe2");
        assertThat(ports.ferr).isFalse();
    }

    private void divideOneByZeroUnmasked() {
        run("dbe3");
        run("d9ee");
        run("d9e8");
        state.fpu.fcw = 0x37B;
        run("d8f1");
        assertThat(state.fpu.fsw & 0x8084).isEqualTo(0x8084);
        assertThat(X87Stack.sig(state.fpu, 0)).as("the operand stays").isEqualTo(1L << 63);
    }

    @Test
    void fninitLeavesTheRegistersAndEmmsEmptiesThem() {
        run("dbe3");
        run("d9eb");
        long pi = X87Stack.sig(state.fpu, 0);
        run("dbe3");
        assertThat(state.fpu.ftw).isEqualTo(0xFFFF);
        assertThat(state.fpu.significand[7]).isEqualTo(pi);

        run("0fefc0");
        assertThat(state.fpu.ftw).as("MMX makes all of them valid").isZero();
        assertThat(state.fpu.signExponent[0]).isEqualTo((short) -1);

        run("0f77");
        assertThat(state.fpu.ftw).isEqualTo(0xFFFF);
    }

    @Test
    void fxsaveUnderEmulationIsNotAvailable() {
        state.cr0 = EM;

        assertThat(vector("0fae00")).isEqualTo(GuestFault.NM);
    }
}
