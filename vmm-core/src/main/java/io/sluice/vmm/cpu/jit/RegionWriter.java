package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.MicroOp;
import io.sluice.vmm.cpu.interp.Region;
import io.sluice.vmm.cpu.interp.RegionPlan;
import io.sluice.vmm.cpu.isa.Insn;
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
/// Each block begins with its instructions being counted. A jump back looks whether the time is up.
final class RegionWriter {
    private static final int RSP = 4;

    private final RegionPlan plan;
    private final CodeBuilder code;
    private final Emitter emit;
    private final AccessGroups groups = new AccessGroups(Emitter.FIRST_FREE);
    private final Accesses accesses;
    private final Conditions conditions;
    private final List<InsnWriter> writers;

    private final List<Label> blocks = new ArrayList<>();
    /// For each block the registers that are in their locals when it begins.
    private final int[] wanted;

    private final ReturnSites returnSites;

    private final Map<Way, Label> ways = new LinkedHashMap<>();
    private final Map<Exit, Label> exits = new LinkedHashMap<>();
    private final Label leave;
    private final Label leaveMissed;
    private final Label leaveEarly;
    private final Label leaveMissedEarly;

    private final List<MicroOp> operations = new ArrayList<>();
    private final List<Region.Point> points = new ArrayList<>();

    /// The block that is being written.
    private int number;
    /// Where it starts.
    private int from;
    /// The instruction that is being written.
    private RegionPlan.Step now;
    /// How many of its block come behind it.
    private int rest;
    /// Nothing behind the instruction that was written can be reached from it.
    private boolean ended;

    /// A way out: to `offset` from the base, with `rest` instructions of the block left undone.
    ///
    /// @param missed the interpreter is to go on from there
    private record Exit(long offset, int rest, boolean missed) {}

    /// A way to a block of the region: with registers to be loaded, and a look whether the time is up.
    private record Way(int part, int missing, boolean backward) {}

    RegionWriter(RegionPlan plan, CodeBuilder code) {
        this.plan = plan;
        this.code = code;
        this.emit = new Emitter(code);
        this.accesses = new Accesses(emit, groups);
        this.conditions = new Conditions(emit);
        this.writers = List.of(
                new MoveWriter(this, emit, conditions),
                new ArithmeticWriter(this, emit, conditions),
                new BitWriter(this, emit, conditions),
                new BranchWriter(this, emit, conditions));
        this.now = plan.parts().getFirst().steps().getFirst();
        this.wanted = RegisterUse.wanted(plan);
        this.returnSites = new ReturnSites(plan);
        this.leave = code.newLabel();
        this.leaveMissed = code.newLabel();
        this.leaveEarly = code.newLabel();
        this.leaveMissedEarly = code.newLabel();
        for (int i = 0; i < plan.parts().size(); i++) {
            blocks.add(code.newLabel());
        }
    }

    // ---- the whole

    void write() {
        emit.begin(plan.counted());
        int used = 0;
        var cases = new ArrayList<SwitchCase>();
        for (int i = 0; i < blocks.size(); i++) {
            used |= wanted[i];
            cases.add(SwitchCase.of(i, blocks.get(i)));
        }
        // HotSpot drops those that no way in has a use for.
        emit.loadRegisters(used);
        code.iload(Emitter.ENTRY).tableswitch(cases.getFirst().target(), cases);
        for (int i = 0; i < blocks.size(); i++) {
            write(i);
        }
        ways.forEach(this::writeWay);
        exits.forEach(this::writeExit);
        code.labelBinding(leaveEarly);
        emit.leaveEarly(leave);
        code.labelBinding(leaveMissedEarly);
        emit.leaveEarly(leaveMissed);
        code.labelBinding(leave);
        emit.leave(false);
        code.labelBinding(leaveMissed);
        emit.leave(true);
    }

    private void write(int number) {
        var part = plan.parts().get(number);
        var steps = part.steps();
        emit.setCached(wanted[number]);
        code.labelBinding(blocks.get(number)).iinc(Emitter.DONE, steps.size());
        if (plan.counted()) {
            emit.countRun(number);
        }
        if (number > 0 && goesOn(plan.parts().get(number - 1), part.offset())) {
            conditions.join();
        } else {
            conditions.forget();
        }
        this.number = number;
        from = part.offset();
        groups.begin(steps);
        for (int i = 0; i < steps.size(); i++) {
            var step = steps.get(i);
            now = step;
            groups.at(i);
            rest = steps.size() - i - 1;
            ended = false;
            if (step.care() == RegionPlan.Step.Care.INTERPRETED || !written(step)) {
                interpret(step);
            }
        }
        if (!ended) {
            code.goto_(wayTo(part.end()));
        }
    }

    /// Whether a part leads to `offset` without a jump.
    private static boolean goesOn(RegionPlan.Part part, int offset) {
        var last = part.steps().getLast();
        return part.end() == offset
                && (last.insn().op.condition() >= 0 || !last.op().endsBlock());
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

    /// Sets a local to an operand, zero-extended from `size`.
    void fetch(RegionPlan.Step step, Operand operand, int size, int local) {
        if (Emitter.isMemory(operand)) {
            emit.pushAddress(step.insn(), step.end());
            code.lstore(Emitter.ADDRESS);
            load(size);
        } else {
            emit.pushValue(step.insn(), operand, size);
        }
        code.lstore(local);
    }

    /// Stores a local at [Emitter#ADDRESS].
    void store(int size, int value) {
        accesses.store(size, value, missed());
    }

    /// Pushes eight bytes from a local onto the guest's stack.
    void push(int value) {
        emit.pushRegister(RSP, 8);
        code.loadConstant(8L).lsub().lstore(Emitter.ADDRESS);
        store(8, value);
        emit.setRegister(RSP, 8, Emitter.ADDRESS);
    }

    /// Sets [Emitter#V] to eight bytes from where a register points to; RSP points behind them, and `more`, then.
    ///
    /// @param target they are where a transfer goes
    void pop(int pointer, int more, boolean target) {
        emit.pushRegister(pointer, 8);
        code.lstore(Emitter.ADDRESS);
        load(8);
        code.lstore(Emitter.V);
        if (target) {
            emit.checkCanonical(missed());
        }
        code.lload(Emitter.ADDRESS).loadConstant(8L + more).ladd().lstore(Emitter.ADDRESS);
        emit.setRegister(RSP, 8, Emitter.ADDRESS);
    }

    /// Pushes what is at [Emitter#ADDRESS], zero-extended.
    void load(int size) {
        accesses.load(size, missed());
    }

    /// Reads the first operand into [Emitter#V], has it changed there, and writes it back. In memory that is one
    /// access.
    boolean change(RegionPlan.Step step, Runnable change) {
        var target = step.insn().operand(0);
        if (Emitter.isMemory(target)) {
            emit.pushAddress(step.insn(), step.end());
            code.lstore(Emitter.ADDRESS);
        }
        return changeAt(step, change);
    }

    /// As [#change] does, with the operand, if it is in memory, at [Emitter#ADDRESS].
    boolean changeAt(RegionPlan.Step step, Runnable change) {
        var target = step.insn().operand(0);
        int size = target.size();
        if (Emitter.isMemory(target)) {
            accesses.update(size, missed(), change);
            return true;
        }
        emit.pushValue(step.insn(), target, size);
        code.lstore(Emitter.V);
        change.run();
        emit.setValue(target, size, Emitter.V);
        return true;
    }

    /// As [#change] does with memory, of which nobody else sees or changes anything in between.
    ///
    /// @param value sets [Emitter#V] to the new value, and changes nothing else
    /// @param change what is to be done besides, with [Emitter#V] as it was
    boolean changeLocked(RegionPlan.Step step, Runnable value, Runnable change) {
        emit.pushAddress(step.insn(), step.end());
        code.lstore(Emitter.ADDRESS);
        return changeLockedAt(step, value, change);
    }

    /// As [#changeLocked] does, at [Emitter#ADDRESS].
    boolean changeLockedAt(RegionPlan.Step step, Runnable value, Runnable change) {
        accesses.updateLocked(step.insn().operand(0).size(), missed(), value, change);
        return true;
    }

    /// Whether an instruction can be written locked: it changes memory, and not two bytes, which may cross a word.
    static boolean isLockable(Insn insn) {
        return switch (insn.op) {
            case ADD, SUB, AND, OR, XOR, INC, DEC, NEG, NOT, BTS, BTR, BTC, XCHG, XADD, CMPXCHG ->
                Emitter.isMemory(insn.operand(0)) && insn.operand(0).size() != 2;
            default -> false;
        };
    }

    /// Where to jump if the interpreter has to do the instruction that is being written, which has not changed anything
    /// yet: it misses the translation cache, or it will fault.
    Label missed() {
        return exit(new Exit(now.offset(), rest + 1, true));
    }

    /// Has the interpreter do it.
    void interpret(RegionPlan.Step step) {
        boolean ends = step.op().endsBlock();
        boolean flags = ends || !FlagNeutral.contains(step.insn().op);
        emit.interpret(operations.size(), step.offset(), flags, points.size());
        points.add(new Region.Point(step.offset(), rest + 1, step.op().usesStackSegment()));
        operations.add(step.op());
        emit.setCached(emit.cached() & ~RegisterUse.written(step.insn()));
        if (ends) {
            code.iload(Emitter.DONE).ireturn();
            ended = true;
            return;
        }
        groups.close();
        emit.loadTables();
        if (flags) {
            emit.loadFlags();
            conditions.loaded();
        }
        emit.pushLook();
        code.ifne(exit(new Exit(step.end(), rest, false)));
    }

    /// The instruction that is being written does not go on to the next.
    void end() {
        ended = true;
    }

    /// Whether a block of the region is at `offset` from the base.
    boolean has(long offset) {
        return plan.partAt(offset) >= 0;
    }

    /// Where to jump to get to `offset` from the base, with the block done.
    Label wayTo(long offset) {
        int part = plan.partAt(offset);
        if (part < 0) {
            return exit(offset);
        }
        return way(new Way(part, wanted[part] & ~emit.cached(), offset <= from));
    }

    private Label way(Way way) {
        return way.missing == 0 && !way.backward
                ? blocks.get(way.part)
                : ways.computeIfAbsent(way, w -> code.newLabel());
    }

    /// Leaves for the address in [Emitter#V].
    Label leave() {
        return leave;
    }

    /// For each offset where the return that is being written may go on in the region, where to jump.
    Map<Integer, Label> returnSites() {
        var sites = new TreeMap<Integer, Label>();
        returnSites.of(number).stream().forEach(site -> {
            sites.put(plan.parts().get(site).offset(), way(new Way(site, wanted[site] & ~emit.cached(), false)));
        });
        return sites;
    }

    /// Where to jump to leave the region for `offset` from the base, with the block done.
    Label exit(long offset) {
        return exit(new Exit(offset, 0, false));
    }

    private Label exit(Exit exit) {
        return exits.computeIfAbsent(exit, e -> code.newLabel());
    }

    private void writeWay(Way way, Label label) {
        code.labelBinding(label);
        if (way.backward) {
            code.iload(Emitter.DONE).iload(Emitter.LIMIT);
            code.if_icmpgt(exit(plan.parts().get(way.part).offset()));
        }
        emit.loadRegisters(way.missing);
        code.goto_(blocks.get(way.part));
    }

    private void writeExit(Exit exit, Label label) {
        code.labelBinding(label);
        if ((int) exit.offset == exit.offset) {
            code.loadConstant((int) exit.offset).loadConstant(exit.rest);
            code.goto_(exit.missed ? leaveMissedEarly : leaveEarly);
        } else {
            // What misses is in the region, and so near.
            emit.pushRip(exit.offset);
            code.lstore(Emitter.V).goto_(leave);
        }
    }

    // ---- what goes with the code

    List<MicroOp> operations() {
        return operations;
    }

    Region.Point[] points() {
        return points.toArray(Region.Point[]::new);
    }
}
