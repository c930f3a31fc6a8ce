package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Disassembler;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.CpuText;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;

/// What a vCPU tells of what it runs: `exec`, `cpu`, `in_asm`, `int`. On the vCPU's thread.
///
/// The shapes are QEMU's. In the line of `exec` a block's physical address stands where QEMU has the address of its
/// translation, and the mode of decoding where it has flags.
final class CpuTrace {
    /// So many bytes stand in one line before an instruction.
    private static final int BYTES_IN_A_LINE = 8;

    private final Core core;
    private final Trace trace;
    private final Decoder decoder = new Decoder();
    private long interrupts;

    /// @param core has its ports; nothing else of it is looked at yet
    CpuTrace(Core core) {
        this.core = core;
        this.trace = core.ports.trace();
    }

    Trace trace() {
        return trace;
    }

    /// Something wants to hear of each block before it runs.
    boolean wantsBlocks() {
        return trace.on(Item.EXEC) || trace.on(Item.CPU);
    }

    boolean wantsDecoded() {
        return trace.on(Item.IN_ASM);
    }

    private String registers() {
        return CpuText.of(core.state, core.shadow, true, core.halted);
    }

    // ---- blocks

    /// `block` is about to run at `linear`.
    void runs(long linear, Block block) {
        if (trace.on(Item.EXEC, linear)) {
            trace.line(
                    Item.EXEC,
                    String.format(
                            "Trace %d: 0x%012x [%016x/%016x/%08x/%08x] ",
                            core.ports.id(),
                            block.physical,
                            core.is64() ? 0 : core.state.segments[Insn.CS].base,
                            linear,
                            block.mode,
                            block.ops.length));
        }
        if (trace.on(Item.CPU, linear)) {
            trace.line(Item.CPU, registers());
        }
    }

    /// `block` was decoded to run at `linear`.
    void decoded(long linear, Block block) {
        if (!trace.on(Item.IN_ASM, linear)) {
            return;
        }
        var code = bytes(block);
        var text = new StringBuilder("----------------\nIN: \n");
        for (int at = 0; at < block.bytes; ) {
            var insn = new Insn();
            int length = decoder.decode(code, at, block.bytes - at, core.codeSize, insn);
            int taken = length > 0 ? length : block.bytes - at;
            var words = length > 0 ? Disassembler.format(insn, core.state.rip + at) : "(bad)";
            instruction(text, linear + at, code, at, taken, words);
            at += taken;
        }
        trace.line(Item.IN_ASM, text.append('\n').toString());
    }

    private byte[] bytes(Block block) {
        var code = new byte[block.bytes + Decoder.MAX_LENGTH];
        block.read(core.memory, code);
        return code;
    }

    private static void instruction(StringBuilder text, long linear, byte[] code, int at, int length, String words) {
        for (int done = 0; done < length; done += BYTES_IN_A_LINE) {
            text.append(String.format("0x%08x:  ", linear + done));
            int count = Math.min(BYTES_IN_A_LINE, length - done);
            for (int i = 0; i < count; i++) {
                text.append(String.format("%02x ", code[at + done + i]));
            }
            if (done == 0) {
                text.append("   ".repeat(BYTES_IN_A_LINE - count)).append(' ').append(words);
            }
            text.append('\n');
        }
    }

    // ---- interrupts and exceptions

    /// An interrupt of the outside is taken.
    void serviced(int vector) {
        if (trace.on(Item.INT)) {
            trace.line(Item.INT, String.format("Servicing hardware INT=0x%02x", vector));
        }
    }

    /// `vector` is about to be delivered.
    void delivers(int vector, boolean software, int code) {
        if (!trace.on(Item.INT)) {
            return;
        }
        var s = core.state;
        var text = new StringBuilder(String.format(
                "%6d: v=%02x e=%04x i=%d cpl=%d IP=%04x:%016x pc=%016x SP=%04x:%016x",
                interrupts++,
                vector,
                code == GuestFault.NO_CODE ? 0 : code,
                software ? 1 : 0,
                s.cpl,
                s.segments[Insn.CS].selector,
                s.rip,
                linear(s),
                s.segments[Insn.SS].selector,
                core.gpr[4]));
        text.append(
                vector == GuestFault.PF
                        ? String.format(" CR2=%016x\n", s.cr2)
                        : String.format(" env->regs[R_EAX]=%016x\n", core.gpr[0]));
        trace.line(Item.INT, text.append(registers()).toString());
    }

    private long linear(CpuState s) {
        return core.is64() ? s.rip : s.segments[Insn.CS].base + s.rip & 0xFFFF_FFFFL;
    }

    void shutsDown() {
        if (trace.on(Item.INT)) {
            trace.line(Item.INT, "Triple fault");
        }
    }

    // ---- what is not there

    /// A model-specific register that does not exist, or takes no such value, was accessed.
    void refusedMsr(boolean write, int index, long value) {
        if (trace.on(Item.UNIMP)) {
            trace.line(
                    Item.UNIMP,
                    write
                            ? String.format("WRMSR 0x%08x <- 0x%016x: refused", index, value)
                            : String.format("RDMSR 0x%08x: refused", index));
        }
    }
}
