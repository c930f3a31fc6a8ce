package io.sluice.vmm.cpu.isa;

/// One row of the ISA table: an encoding and all that the manual says about it. Immutable.
public final class Row {
    /// Who may execute it; the operation's own rules come on top.
    public enum Privilege {
        USER,
        /// CPL 0.
        CPL0,
        /// The I/O permission rules.
        IO,
        /// CPL not above IOPL.
        IOPL,
        /// CPL 0 while CR4.UMIP is set.
        UMIP,
        /// CPL 0 while CR4.TSD is set.
        TSD,
        /// CPL 0 while CR4.PCE is clear.
        PCE
    }

    static final int ANY = -1;

    static final int MAP_1 = 0;
    static final int MAP_0F = 1;
    static final int MAP_0F38 = 2;
    static final int MAP_0F3A = 3;
    static final int MAP_VEX_0F38 = 4;
    static final int MAP_VEX_0F3A = 5;
    static final int MAPS = 6;

    /// Prefix states, as bits of a row's mask: 66 is bit 0 of the state; F3 adds 2, F2 adds 4.
    static final int MARK_NONE = 0x3F;

    static final int MARK_NP = 1;
    static final int MARK_66 = 2;
    static final int MARK_NFX = 3;
    static final int MARK_F3 = 0xC;
    static final int MARK_F2 = 0x30;

    /// Place in [IsaTable#rows()].
    public final int number;
    public final Op op;
    /// The row as the table has it, conditions expanded.
    public final String text;
    public final Feature feature;
    public final Privilege privilege;
    /// Masks in the places of RFLAGS.
    public final int flagsRead;

    public final int flagsWritten;
    public final int flagsUndefined;
    /// Undefined unless the shift or rotate count is one (after masking).
    public final int flagsUndefinedUnlessOne;
    /// May carry LOCK when operand 0 is memory.
    public final boolean lockable;
    public final boolean invalidIn64;
    public final boolean onlyIn64;
    /// #UD in real and virtual-8086 mode.
    public final boolean protectedOnly;
    final boolean default64;
    final boolean force64;

    final int map;
    final int opcode;
    final int prefixMask;
    final boolean hasModRm;
    final int reg;
    /// [#ANY], 0 for memory only, 1 for register only.
    final int mod;
    final int rm;
    final int wide;
    final boolean rexBClear;
    /// ModRM.mod means nothing: a register is named whatever it says.
    final boolean modIgnored;
    final boolean usesVvvv;
    final OperandForm[] operands;
    final boolean byteOperation;
    /// The operation has at most four bytes, whatever REX.W says (ports).
    final boolean atMost4;

    Row(RowParser p) {
        number = p.number;
        op = p.op;
        text = p.text;
        feature = p.feature;
        privilege = p.privilege;
        flagsRead = p.flagsRead;
        flagsWritten = p.flagsWritten;
        flagsUndefined = p.flagsUndefined;
        flagsUndefinedUnlessOne = p.flagsUndefinedUnlessOne;
        lockable = p.has("lock");
        invalidIn64 = p.has("i64");
        onlyIn64 = p.has("o64");
        protectedOnly = p.has("prot");
        default64 = p.has("d64");
        force64 = p.has("f64");
        map = p.map;
        opcode = p.opcode;
        prefixMask = p.prefixMask;
        reg = p.reg;
        rm = p.rm;
        wide = p.wide;
        rexBClear = p.rexBClear;
        operands = p.operands;
        boolean modRm = p.slashR || p.reg != ANY;
        boolean namesRegister = false;
        boolean vvvv = false;
        for (OperandForm operand : operands) {
            namesRegister |= operand.place() == Place.R;
            vvvv |= operand.place() == Place.B;
        }
        hasModRm = modRm;
        mod = p.mod;
        modIgnored = namesRegister && p.mod == ANY;
        usesVvvv = vvvv;
        int sizing = operands.length > 1 && operands[0].isPort() ? 1 : 0;
        byteOperation = operands.length > 0 && operands[sizing].isByteOperation();
        atMost4 = operands.length > 0
                && operands[sizing].width() == Width.Z
                && operands[sizing].place() != Place.IS
                && operands[sizing].place() != Place.J;
    }

    boolean isVex() {
        return map >= MAP_VEX_0F38;
    }

    /// The 66 prefix chooses the opcode, not the operand size.
    boolean consumes66() {
        return prefixMask == MARK_66;
    }

    boolean consumesRep() {
        return prefixMask == MARK_F2 || prefixMask == MARK_F3;
    }

    /// Does this row stand for these bytes? `prefixState` counts as the masks above say.
    boolean matches(int prefixState, boolean mode64, int modRm, boolean rexW, boolean rexB) {
        return (prefixMask >> prefixState & 1) != 0
                && (mode64 ? !invalidIn64 : !onlyIn64)
                && (reg == ANY || reg == (modRm >> 3 & 7))
                && (mod == ANY || mod == (modRm >= 0xC0 ? 1 : 0))
                && (rm == ANY || rm == (modRm & 7))
                && (wide == ANY || wide == (rexW ? 1 : 0))
                && !(rexBClear && rexB);
    }

    @Override
    public String toString() {
        return text;
    }
}
