package io.sluice.vmm.cpu.state;

/// Architectural registers of one vCPU, flags lazily. Fields are public because every room of `cpu` works on them and
/// nothing else sees them; only the vCPU's thread touches them while it runs.
///
/// Arithmetic flags live in two longs, after Bochs' idea of a carry vector, so that neither a producer nor a consumer
/// branches on an operation code:
/// - [#lazyResult]: the result, sign-extended. ZF is `== 0`; SF and PF come from it too, corrected by deltas below.
/// - [#lazyAux]: bit 63 is CF; bit 62 is CF ^ OF; bit 3 is AF; bits 15..8 are xored into the low byte before PF is
///   taken; bit 0 inverts SF.
public final class CpuState {
    public static final int CF = 1;
    public static final int PF = 1 << 2;
    public static final int AF = 1 << 4;
    public static final int ZF = 1 << 6;
    public static final int SF = 1 << 7;
    public static final int TF = 1 << 8;
    public static final int IF = 1 << 9;
    public static final int DF = 1 << 10;
    public static final int OF = 1 << 11;
    public static final int IOPL = 3 << 12;
    public static final int NT = 1 << 14;
    public static final int RF = 1 << 16;
    public static final int VM = 1 << 17;
    public static final int AC = 1 << 18;
    public static final int VIF = 1 << 19;
    public static final int VIP = 1 << 20;
    public static final int ID = 1 << 21;
    /// The six flags that live in the lazy fields.
    public static final int ARITHMETIC = CF | PF | AF | ZF | SF | OF;

    private static final long AUX_CF = 1L << 63;
    private static final long AUX_CF_OF = 1L << 62;

    /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15; then [#ZERO] and [#BLOCK_RIP], so that an address is always
    /// `base + (index << scale) + displacement`, whatever it is made of.
    public final long[] gpr = new long[18];

    /// Place in [#gpr] that always holds zero: "no register".
    public static final int ZERO = 16;
    /// Place in [#gpr] that holds where the running block starts.
    public static final int BLOCK_RIP = 17;

    public long rip;
    public long lazyResult = 1;
    public long lazyAux;
    /// What the two are, see [ConditionCodes]: as said above for a pair, which is what everybody but translated code
    /// works with. While translated code follows on translated code they may be operands; [#settleFlags] ends that.
    public int lazyKind = ConditionCodes.PAIR;

    /// RFLAGS without the six arithmetic flags; bit 1 is always set.
    public int systemFlags = 2;

    /// ES, CS, SS, DS, FS, GS.
    public final Segment[] segments = new Segment[6];
    public final Segment ldtr = new Segment();
    public final Segment tr = new Segment();
    public long gdtBase;
    public int gdtLimit = 0xFFFF;
    public long idtBase;
    public int idtLimit = 0xFFFF;

    public long cr0;
    public long cr2;
    public long cr3;
    public long cr4;
    public long cr8;
    public final long[] dr = new long[8];
    public long xcr0 = 1;
    public long efer;
    /// Current privilege level.
    public int cpl;

    public final FpuState fpu = new FpuState();
    public final Msrs msrs = new Msrs();

    public CpuState() {
        for (int i = 0; i < segments.length; i++) {
            segments[i] = new Segment();
        }
    }

    /// Has flags that translated code left as operands be a result and its word beside it.
    public void settleFlags() {
        if (lazyKind != ConditionCodes.PAIR) {
            long a = lazyResult;
            long b = lazyAux;
            lazyResult = ConditionCodes.result(lazyKind, a, b);
            lazyAux = ConditionCodes.aux(lazyKind, a, b);
            lazyKind = ConditionCodes.PAIR;
        }
    }

    public boolean cf() {
        return lazyAux < 0;
    }

    public boolean zf() {
        return lazyResult == 0;
    }

    public boolean sf() {
        return ((lazyResult >>> 63) ^ (lazyAux & 1)) != 0;
    }

    public boolean of() {
        return (lazyAux ^ lazyAux << 1) < 0;
    }

    public boolean pf() {
        return (Integer.bitCount((int) (lazyResult ^ lazyAux >>> 8) & 0xFF) & 1) == 0;
    }

    public boolean af() {
        return (lazyAux & 8) != 0;
    }

    /// All of RFLAGS.
    public int flags() {
        return systemFlags
                | (cf() ? CF : 0)
                | (pf() ? PF : 0)
                | (af() ? AF : 0)
                | (zf() ? ZF : 0)
                | (sf() ? SF : 0)
                | (of() ? OF : 0);
    }

    /// Sets the six arithmetic flags from their places in `flags`; the others stay.
    public void setArithmeticFlags(int flags) {
        boolean carry = (flags & CF) != 0;
        boolean overflow = (flags & OF) != 0;
        long result = (flags & ZF) != 0 ? 0 : 1;
        long aux = 0;
        if (carry) {
            aux |= AUX_CF;
        }
        if (carry != overflow) {
            aux |= AUX_CF_OF;
        }
        if ((flags & AF) != 0) {
            aux |= 8;
        }
        if ((flags & SF) != 0) {
            aux |= 1;
        }
        // `result` is 0 or 1: parity of its low byte is even for 0 and odd for 1.
        boolean parityOfResult = result == 0;
        if (parityOfResult != ((flags & PF) != 0)) {
            aux |= 1L << 8;
        }
        lazyResult = result;
        lazyAux = aux;
    }

    /// Sets all of RFLAGS as they stand in `flags`; reserved bits as the processor has them.
    public void setFlags(int flags) {
        setArithmeticFlags(flags);
        systemFlags = flags & (TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID) | 2;
    }

    /// EFER.LMA: long mode, compatibility mode included.
    public boolean inLongMode() {
        return (efer & 1 << 10) != 0;
    }

    /// CR0.PE.
    public boolean inProtectedMode() {
        return (cr0 & 1) != 0;
    }

    public boolean inVirtual8086Mode() {
        return (systemFlags & VM) != 0;
    }

    public boolean flag(int mask) {
        return (systemFlags & mask) != 0;
    }

    public int iopl() {
        return systemFlags >> 12 & 3;
    }
}
