package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// IN and OUT, and the permission check of all port instructions.
final class IoOps {
    private IoOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case IN -> in(insn);
            case OUT -> out(insn);
            default -> null;
        };
    }

    private static MicroOp in(Insn insn) {
        int size = insn.operand(0).size();
        var port = insn.operand(1);
        boolean fixed = port.kind() == Operand.Kind.IMMEDIATE;
        int number = (int) insn.imm & 0xFF;
        return Cold.of(core -> {
            int at = fixed ? number : (int) core.gpr[2] & 0xFFFF;
            check(core, at, size);
            core.setRegister(0, size, read(core, at, size));
        });
    }

    private static MicroOp out(Insn insn) {
        int size = insn.operand(1).size();
        var port = insn.operand(0);
        boolean fixed = port.kind() == Operand.Kind.IMMEDIATE;
        int number = (int) insn.imm & 0xFF;
        // Ends the block: a port may reset the machine, and then nothing more may run.
        return Cold.ending((core, next) -> {
            int at = fixed ? number : (int) core.gpr[2] & 0xFFFF;
            check(core, at, size);
            write(core, at, size, core.register(0, size));
        });
    }

    static long read(Core core, int port, int size) {
        Breakpoints.port(core, port, size);
        return core.io.read(port, size);
    }

    static void write(Core core, int port, int size, long value) {
        Breakpoints.port(core, port, size);
        core.io.write(port, size, value);
    }

    /// CPL against IOPL, else the permission bitmap of the task (SDM volume 1, section 19.5.2).
    static void check(Core core, int port, int size) {
        var s = core.state;
        if (!s.inProtectedMode() || s.cpl <= s.iopl() && !s.inVirtual8086Mode()) {
            return;
        }
        var tr = s.tr;
        boolean wide = (tr.type() & 8) != 0;
        if (!wide || tr.limit < 0x67) {
            throw GuestFault.gp0();
        }
        long map = core.mmu.systemLoad(tr.base + 0x66, 2);
        long at = map + (port >> 3);
        if (at + 1 > tr.limit) {
            throw GuestFault.gp0();
        }
        long bits = core.mmu.systemLoad(tr.base + at, 2) >>> (port & 7);
        if ((bits & (1 << size) - 1) != 0) {
            throw GuestFault.gp0();
        }
    }
}
