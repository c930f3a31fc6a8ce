package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.FpuState;
import org.jspecify.annotations.Nullable;

/// An x87 instruction that waits, computes, and leaves a trace in FIP, FDP and FOP. Memory is read before anything
/// changes.
abstract class X87Op extends MicroOp {
    final @Nullable Address address;
    private final int opcode;

    X87Op(Insn insn) {
        boolean memory = insn.operands.length > 0
                && insn.operand(insn.operands.length - 1).kind() == Operand.Kind.MEMORY;
        address = memory ? new Address(insn) : null;
        opcode = insn.x87Opcode;
    }

    @Override
    public final void run(Core core) {
        X87Stack.check(core);
        long offset = address == null ? 0 : address.offset(core);
        load(core, offset);
        X87Stack.remember(core, this, opcode);
        if (address != null) {
            X87Stack.rememberData(core, address.segment, offset);
        }
        execute(core, core.state.fpu);
    }

    /// Reads the memory operand, or checks that it can be written; the only step that may fault.
    void load(Core core, long offset) {}

    /// Segment of the memory operand.
    final int segment() {
        return address == null ? Insn.DS : address.segment;
    }

    abstract void execute(Core core, FpuState f);
}
