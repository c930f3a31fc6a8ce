package io.sluice.vmm.cpu.isa;

import java.util.Locale;

/// The words of `objdump -M intel` where they differ from Intel's: mnemonics that carry a size, and the size of memory.
final class Mnemonics {
    private Mnemonics() {}

    static String of(Insn insn) {
        boolean wide = insn.operandSize == 8;
        return switch (insn.op) {
            case CBW -> pick(insn.operandSize, "cbw", "cwde", "cdqe");
            case CWD -> pick(insn.operandSize, "cwd", "cdq", "cqo");
            case JCXZ -> pick(insn.addressSize, "jcxz", "jecxz", "jrcxz");
            case IRET -> sized(insn, "iretw", "iret", "iretd", "iretq");
            case PUSHA -> sized(insn, "pushaw", "pusha", "pushad", "pusha");
            case POPA -> sized(insn, "popaw", "popa", "popad", "popa");
            case PUSHF -> sized(insn, "pushfw", "pushf", "pushfd", "pushf");
            case POPF -> sized(insn, "popfw", "popf", "popfd", "popf");
            case SYSRET, SYSEXIT -> lower(insn) + (insn.mode != 64 ? "" : wide ? "q" : "d");
            case MOVD -> hasWideGeneral(insn) ? "movq" : "movd";
            case PEXTRD -> hasWideGeneral(insn) ? "pextrq" : "pextrd";
            case PINSRD -> hasWideGeneral(insn) ? "pinsrq" : "pinsrd";
            case FXSAVE, FXRSTOR, XSAVE, XRSTOR, XSAVEOPT, XSAVEC, XSAVES, XRSTORS -> lower(insn) + (wide ? "64" : "");
            case CALL_FAR -> "call";
            case JMP_FAR -> "jmp";
            case RET_FAR -> sized(insn, "retfw", "retf", "retfd", "retfq");
            case RET, ENTER, LEAVE, FLDENV, FNSTENV, FRSTOR, FNSAVE -> suffixed(insn);
            case PUSH, POP -> isUnsized(insn) ? suffixed(insn) : lower(insn);
            case CALL, JMP -> hasLongDisplacement(insn) ? suffixed(insn) : lower(insn);
            case SGDT, SIDT, LGDT, LIDT -> lower(insn) + (insn.mode == 64 ? "" : insn.operandSize == 2 ? "w" : "d");
            case PCMPESTRM, PCMPESTRI -> lower(insn) + (wide ? "q" : "");
            case NOP -> nop(insn);
            case WBINVD -> insn.rep == 0xF3 ? "wbnoinvd" : "wbinvd";
            case MOVSD_XMM -> "movsd";
            case CMPSD_XMM -> "cmpsd";
            case FWAIT -> "fwait";
            case MOV -> isAbsolute(insn) ? "movabs" : "mov";
            default -> lower(insn);
        };
    }

    private static String lower(Insn insn) {
        return insn.op.name().toLowerCase(Locale.ROOT);
    }

    private static String pick(int size, String two, String four, String eight) {
        return size == 2 ? two : size == 4 ? four : eight;
    }

    /// A suffix is written only where the size is not the mode's own.
    private static String sized(Insn insn, String two, String own, String four, String eight) {
        return switch (insn.operandSize) {
            case 2 -> insn.mode == 16 ? own : two;
            case 4 -> insn.mode == 16 ? four : own;
            default -> eight;
        };
    }

    private static boolean hasWideGeneral(Insn insn) {
        for (int i = 0; i < 2; i++) {
            Operand operand = insn.operands[i];
            if (operand.size() == 8 && IsaTable.row(insn.row).operands[i].place() == Place.E) {
                return true;
            }
        }
        return false;
    }

    private static String suffixed(Insn insn) {
        return sized(insn, lower(insn) + "w", lower(insn), lower(insn) + "d", lower(insn));
    }

    private static boolean hasLongDisplacement(Insn insn) {
        return insn.operands[0].kind() == Operand.Kind.RELATIVE
                && IsaTable.row(insn.row).operands[0].width() == Width.Z;
    }

    private static boolean isUnsized(Insn insn) {
        Operand.Kind kind = insn.operands[0].kind();
        return kind == Operand.Kind.SEGMENT || kind == Operand.Kind.IMMEDIATE;
    }

    /// NOP of the other operand size is the exchange that 90 once was.
    private static String nop(Insn insn) {
        if (insn.operands.length > 0 || (insn.operandSize == 2) == (insn.mode == 16) || insn.operandSize == 8) {
            return "nop";
        }
        return insn.operandSize == 2 ? "xchg ax,ax" : "xchg eax,eax";
    }

    private static boolean isAbsolute(Insn insn) {
        OperandForm[] forms = IsaTable.row(insn.row).operands;
        return insn.mode == 64 && insn.addressSize == 8 && (forms[0].place() == Place.O || forms[1].place() == Place.O)
                || forms[1].width() == Width.V && forms[1].place() == Place.IS && insn.operandSize == 8;
    }

    /// A register that is read or written only in part is named by the size of the operation.
    static int registerSize(Insn insn, Operand operand) {
        return switch (insn.op) {
            case LAR, LSL -> insn.operandSize;
            case MOV -> insn.operands[0].kind() == Operand.Kind.SEGMENT ? insn.operandSize : operand.size();
            case MOVMSKPS, MOVMSKPD, PMOVMSKB -> insn.operandSize == 8 ? 8 : operand.size();
            default -> operand.size();
        };
    }

    /// What stands before a memory operand.
    static String pointer(Insn insn, Operand operand, int position) {
        Width width = IsaTable.row(insn.row).operands[position].width();
        switch (insn.op) {
            case INVLPG -> {
                return "BYTE PTR ";
            }
            case CMPXCHG16B -> {
                return "OWORD PTR ";
            }
            case INVPCID, LDDQU -> {
                return "";
            }
            default -> {}
        }
        return switch (width) {
            case NONE, S, ENV, SAV, FX, O -> "";
            case PAIR -> size(insn.operandSize * 2);
            default -> size(operand.size());
        };
    }

    static String size(int bytes) {
        return switch (bytes) {
            case 1 -> "BYTE PTR ";
            case 2 -> "WORD PTR ";
            case 4 -> "DWORD PTR ";
            case 6 -> "FWORD PTR ";
            case 8 -> "QWORD PTR ";
            case 10 -> "TBYTE PTR ";
            case 16 -> "XMMWORD PTR ";
            default -> "";
        };
    }
}
