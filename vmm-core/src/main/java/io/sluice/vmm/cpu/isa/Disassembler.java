package io.sluice.vmm.cpu.isa;

import java.util.Locale;

/// Writes a decoded instruction in Intel syntax, word for word as `objdump -M intel` does, so that it can be judged.
/// Prefixes that mean nothing are not written.
public final class Disassembler {
    private static final String[] COMPARISONS = {"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"};

    private Disassembler() {}

    /// The text of `insn`, which stands at address `pc`.
    public static String format(Insn insn, long pc) {
        if (insn.op == Op.INVALID) {
            return "(bad)";
        }
        var text = new StringBuilder(48);
        if (insn.lock) {
            text.append("lock ");
        }
        text.append(repeat(insn));
        Operand[] operands = insn.operands;
        String comparison = comparison(insn);
        text.append(comparison.isEmpty() ? Mnemonics.of(insn) : comparison);
        int count = comparison.isEmpty() ? operands.length : operands.length - 1;
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? ' ' : ',').append(operand(insn, operands[i], i, pc));
        }
        appendImplied(insn, text);
        return text.toString();
    }

    private static String repeat(Insn insn) {
        return switch (insn.op) {
            case MOVS, STOS, LODS, INS, OUTS -> insn.rep == 0xF3 ? "rep " : insn.rep == 0xF2 ? "repnz " : "";
            case CMPS, SCAS -> insn.rep == 0xF3 ? "repz " : insn.rep == 0xF2 ? "repnz " : "";
            default -> "";
        };
    }

    /// CMPccPS and its sisters have names of their own for the first eight predicates.
    private static String comparison(Insn insn) {
        String suffix = switch (insn.op) {
            case CMPPS -> "ps";
            case CMPPD -> "pd";
            case CMPSS -> "ss";
            case CMPSD_XMM -> "sd";
            default -> "";
        };
        return suffix.isEmpty() || insn.imm > 7 ? "" : "cmp" + COMPARISONS[(int) insn.imm] + suffix;
    }

    private static void appendImplied(Insn insn, StringBuilder text) {
        if (insn.op == Op.XLAT) {
            text.append(" BYTE PTR ").append(segmentName(insn.segment)).append(":[");
            text.append(Registers.general(3, insn.addressSize)).append(']');
        }
    }

    private static String operand(Insn insn, Operand operand, int position, long pc) {
        return switch (operand.kind()) {
            case GPR -> Registers.general(operand.number(), Mnemonics.registerSize(insn, operand));
            case GPR_HIGH -> Registers.high(operand.number());
            case MEMORY -> Mnemonics.pointer(insn, operand, position) + memory(insn);
            case OFFSET -> segmentName(insn.segment) + ":" + hex(insn.displacement);
            case IMMEDIATE -> hex(insn.imm & mask(operand.size()));
            case IMMEDIATE2 -> hex(insn.imm2);
            case RELATIVE -> hex(target(insn, operand, pc));
            case FAR -> hex(insn.imm2) + ":" + hex(insn.imm);
            case CONSTANT -> Integer.toString(operand.number());
            case STRING_SOURCE ->
                Mnemonics.size(operand.size())
                        + segmentName(insn.segment)
                        + ":["
                        + Registers.general(6, insn.addressSize)
                        + "]";
            case STRING_DESTINATION ->
                Mnemonics.size(operand.size()) + "es:[" + Registers.general(7, insn.addressSize) + "]";
            case SEGMENT -> segmentName(operand.number());
            case CONTROL -> "cr" + operand.number();
            case DEBUG -> "dr" + operand.number();
            case MMX -> "mm" + operand.number();
            case XMM -> "xmm" + operand.number();
            case ST -> isImplied(insn, position) ? "st" : "st(" + operand.number() + ")";
        };
    }

    /// ST(0) that the encoding implies is written `st`, one that it names `st(0)`.
    private static boolean isImplied(Insn insn, int position) {
        return IsaTable.row(insn.row).operands[position].place() == Place.FIXED;
    }

    private static long target(Insn insn, Operand operand, long pc) {
        long target = pc + insn.length + insn.imm;
        return target & mask(operand.size());
    }

    private static String memory(Insn insn) {
        String segment = insn.segment == defaultSegment(insn) ? "" : segmentName(insn.segment) + ":";
        if (insn.base < 0 && insn.index < 0 && !insn.ripRelative) {
            return segmentName(insn.segment) + ":" + hex(insn.displacement & mask(insn.addressSize));
        }
        var text = new StringBuilder(segment).append('[');
        if (insn.ripRelative) {
            text.append(insn.addressSize == 8 ? "rip" : "eip");
        } else if (insn.base >= 0) {
            text.append(Registers.general(insn.base, insn.addressSize));
        }
        if (insn.index >= 0) {
            text.append(insn.base >= 0 ? "+" : "").append(Registers.general(insn.index, insn.addressSize));
            if (insn.addressSize != 2) {
                text.append('*').append(1 << insn.scale);
            }
        }
        if (insn.ripRelative) {
            text.append('+').append(hex(insn.displacement));
        } else if (insn.displacement != 0) {
            text.append(insn.displacement < 0 ? "-" : "+").append(hex(Math.abs(insn.displacement)));
        }
        return text.append(']').toString();
    }

    private static int defaultSegment(Insn insn) {
        return insn.base == 5 || insn.base == 4 && insn.addressSize != 2 ? Insn.SS : Insn.DS;
    }

    private static long mask(int bytes) {
        return bytes >= 8 ? -1 : (1L << 8 * bytes) - 1;
    }

    static String segmentName(int segment) {
        return switch (segment) {
            case Insn.ES -> "es";
            case Insn.CS -> "cs";
            case Insn.SS -> "ss";
            case Insn.DS -> "ds";
            case Insn.FS -> "fs";
            default -> "gs";
        };
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value).toLowerCase(Locale.ROOT);
    }
}
