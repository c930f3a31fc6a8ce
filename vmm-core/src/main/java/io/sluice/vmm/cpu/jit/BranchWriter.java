package io.sluice.vmm.cpu.jit;

import static io.sluice.vmm.cpu.jit.Emitter.BASE;
import static io.sluice.vmm.cpu.jit.Emitter.V;
import static io.sluice.vmm.cpu.jit.Emitter.W;

import io.sluice.vmm.cpu.interp.RegionPlan.Step;
import io.sluice.vmm.cpu.isa.Operand;
import java.lang.classfile.instruction.SwitchCase;
import java.util.ArrayList;

/// Near jumps, calls and returns.
final class BranchWriter extends InsnWriter {
    private static final int RSP = 4;

    BranchWriter(RegionWriter region, Emitter emit, Conditions conditions) {
        super(region, emit, conditions);
    }

    @Override
    boolean write(Step step) {
        var insn = step.insn();
        boolean written = switch (insn.op) {
            case JMP -> jump(step);
            case CALL -> call(step);
            case RET -> returnFrom(step);
            default -> insn.op.condition() >= 0 && insn.op.name().startsWith("J") && conditional(step);
        };
        if (written) {
            region.end();
        }
        return written;
    }

    private boolean conditional(Step step) {
        conditions.jumpIf(step.insn().op.condition(), region.wayTo(step.target()));
        code.goto_(region.wayTo(step.end()));
        return true;
    }

    private boolean jump(Step step) {
        if (!isRelative(step)) {
            fetchTarget(step);
            if (!staysAt(step)) {
                return true;
            }
        }
        code.goto_(region.wayTo(step.target()));
        return true;
    }

    private static boolean isRelative(Step step) {
        return step.insn().operand(0).kind() == Operand.Kind.RELATIVE;
    }

    /// Leaves the region for the target in [Emitter#V], unless it is the one that was seen before and is in the region.
    ///
    /// @return whether it may be
    private boolean staysAt(Step step) {
        if (!region.has(step.target())) {
            code.goto_(region.leave());
            return false;
        }
        code.lload(V);
        emit.pushRip(step.target());
        code.lcmp().ifne(region.leave());
        return true;
    }

    /// Sets [Emitter#V] to the target of an indirect transfer.
    private void fetchTarget(Step step) {
        region.fetch(step, step.insn().operand(0), 8, V);
        emit.checkCanonical(region.missed());
    }

    private boolean call(Step step) {
        if (!isRelative(step)) {
            fetchTarget(step);
        }
        emit.pushRip(step.end());
        code.lstore(W);
        region.push(W);
        if (isRelative(step) || staysAt(step)) {
            emit.pushLook();
            code.ifne(region.exit(step.target()));
            code.goto_(region.wayTo(step.target()));
        }
        return true;
    }

    /// A return to a call of the same region stays in it.
    private boolean returnFrom(Step step) {
        var insn = step.insn();
        int release = insn.operands.length > 0 ? (int) insn.imm & 0xFFFF : 0;
        region.pop(RSP, release, true);
        var sites = region.returnSites();
        if (!sites.isEmpty()) {
            code.iload(Emitter.DONE).iload(Emitter.LIMIT).if_icmpgt(region.leave());
            emit.pushLook();
            code.ifne(region.leave());
            code.lload(V).lload(BASE).lsub().lstore(W);
            code.lload(W).l2i().i2l().lload(W).lcmp().ifne(region.leave());
            var cases = new ArrayList<SwitchCase>();
            sites.forEach((offset, label) -> cases.add(SwitchCase.of(offset, label)));
            code.lload(W).l2i().lookupswitch(region.leave(), cases);
        } else {
            code.goto_(region.leave());
        }
        return true;
    }
}
