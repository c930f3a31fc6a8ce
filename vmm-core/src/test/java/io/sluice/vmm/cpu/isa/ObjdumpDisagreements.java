package io.sluice.vmm.cpu.isa;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Where objdump is known to say something else than the table, and why the table stands.
final class ObjdumpDisagreements {
    /// @param comparesLength the length must agree all the same
    private record Known(String reason, boolean comparesLength, Predicate<Insn> applies) {}

    private static final List<Known> ALL = List.of(
            new Known("undocumented x87 aliases and SALC are '(bad)' to objdump", true, ObjdumpDisagreements::isAlias),
            new Known("objdump wants ModRM.rm = 0 of a fence", false, i -> isOneOf(i, Op.LFENCE, Op.MFENCE, Op.SFENCE)),
            new Known("objdump takes 66 and F2 before WBINVD for an illegal mark", true, i -> isOneOf(i, Op.WBINVD)),
            new Known(
                    "objdump takes F2 before BSF, BSR and 66 before 0F 1A for an illegal mark",
                    false,
                    i -> isOneOf(i, Op.BSF, Op.BSR)),
            new Known("MPX, CET and CLDEMOTE are not offered: their opcodes are hint NOPs", false, i -> isHint(i)),
            new Known("objdump lets 66 narrow what REX.W or the F3 opcode made wide", true, ObjdumpDisagreements::is66),
            new Known("objdump applies REX to MMX registers", true, i -> isOneOf(i, Op.MOVQ2DQ, Op.MOVDQ2Q)),
            new Known("objdump names the size of a far pointer by 66 first", true, ObjdumpDisagreements::isWideFar),
            new Known("objdump takes 3E for NOTRACK", true, i -> isOneOf(i, Op.CALL, Op.JMP) && i.segment == Insn.DS),
            new Known("objdump knows PREFETCHWT1", true, i -> isOneOf(i, Op.PREFETCH)),
            new Known("objdump takes 9B for a prefix", false, i -> isOneOf(i, Op.FWAIT)));

    private final Map<String, Integer> met = new TreeMap<>();

    /// Is the difference one that is known?
    boolean excuses(Insn insn, boolean sameLength, String theirs) {
        if (theirs.matches("rex(\\.[WRXB]+)?")) {
            met.merge("objdump ends an instruction after a REX that is not the last prefix", 1, Integer::sum);
            return true;
        }
        for (Known known : ALL) {
            if (known.applies.test(insn) && (sameLength || !known.comparesLength)) {
                met.merge(known.reason, 1, Integer::sum);
                return true;
            }
        }
        return false;
    }

    /// Reason and how often it was met.
    Map<String, Integer> met() {
        return met;
    }

    private static boolean isOneOf(Insn insn, Op... ops) {
        return List.of(ops).contains(insn.op);
    }

    private static boolean isAlias(Insn insn) {
        return isOneOf(insn, Op.FCOM, Op.FCOMP, Op.FXCH, Op.FSTP, Op.FSTPNCE, Op.SALC)
                || insn.op == Op.FNOP && IsaTable.row(insn.row).opcode == 0xDB;
    }

    private static boolean isHint(Insn insn) {
        int opcode = IsaTable.row(insn.row).opcode;
        return insn.op == Op.NOP && (opcode == 0x1A || opcode == 0x1B || opcode == 0x1C || opcode == 0x1E);
    }

    private static boolean is66(Insn insn) {
        return isOneOf(insn, Op.RDFSBASE, Op.RDGSBASE, Op.WRFSBASE, Op.WRGSBASE)
                || insn.operandSize == 8 && isOneOf(insn, Op.MOVSXD, Op.FLDENV, Op.FNSTENV, Op.FRSTOR, Op.FNSAVE);
    }

    private static boolean isWideFar(Insn insn) {
        return insn.operandSize == 8 && isOneOf(insn, Op.LSS, Op.LFS, Op.LGS, Op.CALL_FAR, Op.JMP_FAR);
    }
}
