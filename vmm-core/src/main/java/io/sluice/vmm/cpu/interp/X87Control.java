package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.FpuState;
import org.jspecify.annotations.Nullable;

/// Control instructions of the x87. They leave FIP, FDP and FOP alone; those whose names begin with FN do not look at
/// pending exceptions.
final class X87Control {
    /// Bits of the control word that hold what is written; bit 6 reads as one.
    private static final int CONTROL_MASK = 0x1F3F;

    private static final int CONTROL_FIXED = 0x40;
    private static final int FNINIT_CONTROL = 0x37F;

    private X87Control() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case FWAIT -> Cold.of(X87Stack::checkWait);
            // The 8087's and 80287's FNENI, FNDISI and FNSETPM (DB) do nothing, and do not wait.
            case FNOP -> Cold.of(insn.x87Opcode >> 8 == 3 ? X87Stack::checkAvailable : X87Stack::check);
            case FINCSTP -> rotate(1);
            case FDECSTP -> rotate(-1);
            case FFREE -> free(insn.operand(0).number(), false);
            case FFREEP -> free(insn.operand(0).number(), true);
            case FNINIT ->
                Cold.of(core -> {
                    X87Stack.checkAvailable(core);
                    initialise(core);
                });
            case FNCLEX ->
                Cold.of(core -> {
                    X87Stack.checkAvailable(core);
                    core.state.fpu.fsw &= 0x7F00;
                    core.ports.ferr(false);
                });
            case FLDCW -> loadControl(new Address(insn));
            case FNSTCW -> storeWord(insn, false);
            case FNSTSW -> storeWord(insn, true);
            case FNSTENV -> environment(insn, false, true);
            case FLDENV -> environment(insn, false, false);
            case FNSAVE -> environment(insn, true, true);
            case FRSTOR -> environment(insn, true, false);
            default -> null;
        };
    }

    private static MicroOp rotate(int by) {
        return Cold.of(core -> {
            X87Stack.check(core);
            FpuState f = core.state.fpu;
            f.fsw &= ~X87Stack.C1;
            X87Stack.setTop(f, X87Stack.top(f) + by);
        });
    }

    private static MicroOp free(int register, boolean pop) {
        return Cold.of(core -> {
            X87Stack.check(core);
            FpuState f = core.state.fpu;
            f.fsw &= ~X87Stack.C1;
            X87Stack.free(f, register);
            if (pop) {
                X87Stack.pop(f);
            }
        });
    }

    static void initialise(Core core) {
        FpuState f = core.state.fpu;
        f.fcw = FNINIT_CONTROL;
        f.fsw = 0;
        f.ftw = 0xFFFF;
        f.fop = 0;
        f.fip = 0;
        f.fcs = 0;
        f.fdp = 0;
        f.fds = 0;
        core.ports.ferr(false);
    }

    static void setControl(Core core, int value) {
        core.state.fpu.fcw = value & CONTROL_MASK | CONTROL_FIXED;
        X87Stack.summarize(core);
    }

    private static MicroOp loadControl(Address address) {
        return Cold.of(core -> {
            X87Stack.check(core);
            setControl(core, core.load16(address.segment, address.offset(core)));
        });
    }

    private static MicroOp storeWord(Insn insn, boolean status) {
        if (insn.operand(0).kind() == Operand.Kind.GPR) {
            return Cold.of(core -> {
                X87Stack.checkAvailable(core);
                core.setRegister(0, 2, core.state.fpu.fsw);
            });
        }
        var address = new Address(insn);
        return Cold.of(core -> {
            X87Stack.checkAvailable(core);
            FpuState f = core.state.fpu;
            core.store16(address.segment, address.offset(core), status ? f.fsw : f.fcw);
        });
    }

    private static MicroOp environment(Insn insn, boolean registers, boolean store) {
        var address = new Address(insn);
        int word = insn.operandSize == 2 ? 2 : 4;
        return Cold.of(core -> {
            if (store) {
                X87Stack.checkAvailable(core);
            } else {
                X87Stack.check(core);
            }
            boolean real = !core.state.inProtectedMode() || core.state.inVirtual8086Mode();
            var image = new X87Environment(core, address.segment, address.offset(core), word, real);
            if (store) {
                image.store(registers);
            } else {
                image.load(registers);
            }
        });
    }
}
