package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.MicroOp;
import io.sluice.vmm.cpu.interp.RegionPlan;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.SwitchCase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Writes the body of one region: its blocks, the ways between them and the ways out.
///
/// Each block begins with its instructions being counted. A jump back looks whether the time is up. An instruction that
/// stores looks whether that made something ask for attention: its own code may be what it overwrote.
final class RegionWriter {
    private static final int RSP = 4;

    private final RegionPlan plan;
    private final CodeBuilder code;
    private final Emitter emit;
    private final Conditions conditions;
    private final List<Writer> writers;

    private final List<Label> blocks = new ArrayList<>();
    private final Map<Exit, Label> exits = new LinkedHashMap<>();
    private final Map<Integer, Label> backward = new LinkedHashMap<>();
    private final Label leave;

    private final List<MicroOp> operations = new ArrayList<>();
    private final List<TranslatedRegion.FaultPoint> faults = new ArrayList<>();

    /// Where the block starts that is being written.
    private int from;
    /// The instruction that is being written.
    private RegionPlan.Step now;
    /// How many of its block come behind it.
    private int rest;
    /// Nothing behind the instruction that was written can be reached from it.
    private boolean ended;

    /// Writes the instructions that it knows.
    interface Writer {
        /// @return `false` if it has not written anything
        boolean write(RegionPlan.Step step);
    }

    /// A way out: to `offset` in the page, with `rest` instructions of the block left undone.
    private record Exit(long offset, int rest) {}

    RegionWriter(RegionPlan plan, CodeBuilder code) {
        this.plan = plan;
        this.code = code;
        this.emit = new Emitter(code);
        this.conditions = new Conditions(emit);
        this.writers = List.of(
                new MoveWriter(this, emit, conditions),
                new ArithmeticWriter(this, emit, conditions),
                new BranchWriter(this, emit, conditions));
        this.now = plan.parts().getFirst().steps().getFirst();
        this.leave = code.newLabel();
        for (int i = 0; i < plan.parts().size(); i++) {
            blocks.add(code.newLabel());
        }
    }

    // ---- the whole

    void write() {
        emit.begin();
        var start = code.newBoundLabel();
        var cases = new ArrayList<SwitchCase>();
        for (int i = 1; i < blocks.size(); i++) {
            cases.add(SwitchCase.of(i, blocks.get(i)));
        }
        if (!cases.isEmpty()) {
            code.iload(Emitter.ENTRY).tableswitch(1, blocks.size() - 1, blocks.getFirst(), cases);
        }
        for (int i = 0; i < blocks.size(); i++) {
            write(plan.parts().get(i), blocks.get(i));
        }
        backward.forEach(this::writeBackward);
        exits.forEach(this::writeExit);
        code.labelBinding(leave);
        emit.leave();
        var end = code.newBoundLabel();
        var handler = code.newBoundLabel();
        emit.handleFault();
        code.exceptionCatch(start, end, handler, Emitter.FAULT_CLASS);
    }

    private void write(RegionPlan.Part part, Label label) {
        var steps = part.steps();
        code.labelBinding(label).iinc(Emitter.DONE, steps.size());
        conditions.forget();
        from = part.offset();
        for (int i = 0; i < steps.size(); i++) {
            var step = steps.get(i);
            now = step;
            rest = steps.size() - i - 1;
            ended = false;
            if (!written(step)) {
                interpret(step);
            }
        }
        if (!ended) {
            code.goto_(wayTo(part.end()));
        }
    }

    private boolean written(RegionPlan.Step step) {
        for (var writer : writers) {
            if (writer.write(step)) {
                return true;
            }
        }
        return false;
    }

    // ---- for the writers

    /// What comes next may fault.
    void mark() {
        mark(now.op().usesStackSegment());
    }

    /// @param stack an address that is not canonical is one of the stack segment
    void mark(boolean stack) {
        code.loadConstant(faults.size()).istore(Emitter.AT);
        faults.add(new TranslatedRegion.FaultPoint(now.offset(), rest + 1, stack));
    }

    /// Sets a local to an operand, zero-extended from `size`.
    void fetch(RegionPlan.Step step, Operand operand, int size, int local) {
        if (Emitter.isMemory(operand)) {
            mark();
            emit.pushAddress(step.insn(), step.end());
            code.lstore(Emitter.ADDRESS);
            emit.load(size, Emitter.ADDRESS);
        } else {
            emit.pushValue(step.insn(), operand, size);
        }
        code.lstore(local);
    }

    /// Pushes eight bytes from a local.
    void push(int value) {
        mark(true);
        emit.pushRegister(RSP, 8);
        code.loadConstant(8L).lsub().lstore(Emitter.ADDRESS);
        emit.store(8, Emitter.ADDRESS, value);
        emit.setRegister(RSP, 8, Emitter.ADDRESS);
    }

    /// Has the interpreter do it.
    void interpret(RegionPlan.Step step) {
        boolean ends = step.op().endsBlock();
        boolean flags = ends || !FlagNeutral.contains(step.insn().op);
        mark();
        if (flags) {
            emit.storeFlags();
        }
        emit.interpret(operations.size(), step.offset());
        operations.add(step.op());
        if (ends) {
            code.iload(Emitter.DONE).ireturn();
            ended = true;
            return;
        }
        if (flags) {
            emit.loadFlags();
            conditions.loaded();
        }
        leaveIfAsked(step);
    }

    /// Behind a store.
    void leaveIfAsked(RegionPlan.Step step) {
        emit.pushLook();
        code.ifne(exit(step.end(), rest));
    }

    /// The instruction that is being written does not go on to the next.
    void end() {
        ended = true;
    }

    /// Where to jump to get to `offset` in the page, with the block done.
    Label wayTo(long offset) {
        int part = plan.partAt(offset);
        if (part < 0) {
            return exit(offset);
        }
        return offset > from ? blocks.get(part) : backward.computeIfAbsent(part, p -> code.newLabel());
    }

    /// Leaves for the address in [Emitter#V].
    Label leave() {
        return leave;
    }

    /// Jumps to the block that returns to `offset`.
    Map<Integer, Label> returnSites() {
        var sites = new TreeMap<Integer, Label>();
        for (var part : plan.parts()) {
            var last = part.steps().getLast();
            int site = last.insn().op == Op.CALL ? plan.partAt(last.end()) : -1;
            if (site >= 0) {
                sites.put(last.end(), blocks.get(site));
            }
        }
        return sites;
    }

    /// Where to jump to leave the region for `offset` in the page, with the block done.
    Label exit(long offset) {
        return exit(offset, 0);
    }

    private Label exit(long offset, int undone) {
        return exits.computeIfAbsent(new Exit(offset, undone), e -> code.newLabel());
    }

    private void writeBackward(int part, Label label) {
        code.labelBinding(label);
        code.iload(Emitter.DONE).iload(Emitter.LIMIT);
        code.if_icmple(blocks.get(part));
        code.goto_(exit(plan.parts().get(part).offset(), 0));
    }

    private void writeExit(Exit exit, Label label) {
        code.labelBinding(label);
        if (exit.rest != 0) {
            code.iinc(Emitter.DONE, -exit.rest);
        }
        emit.pushRip(exit.offset);
        code.lstore(Emitter.V).goto_(leave);
    }

    // ---- what goes with the code

    List<MicroOp> operations() {
        return operations;
    }

    TranslatedRegion.FaultPoint[] faults() {
        return faults.toArray(TranslatedRegion.FaultPoint[]::new);
    }
}
