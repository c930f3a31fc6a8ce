package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.isa.Op;
import java.util.EnumSet;
import java.util.Set;

/// Which operations neither read nor write the arithmetic flags, so that translated code need not bring them home
/// before the interpreter runs one.
final class FlagNeutral {
    private static final Set<Op> GENERAL = EnumSet.of(
            Op.MOV,
            Op.MOVBE,
            Op.MOVDIRI,
            Op.MOVNTI,
            Op.MOVDIR64B,
            Op.XCHG,
            Op.PUSH,
            Op.POP,
            Op.MOVS,
            Op.STOS,
            Op.LODS,
            Op.SHLX,
            Op.SHRX,
            Op.SARX,
            Op.RORX,
            Op.MULX,
            Op.PEXT,
            Op.PDEP,
            Op.CLI,
            Op.CLAC,
            Op.STAC,
            Op.RDTSC,
            Op.RDTSCP,
            Op.RDPID,
            Op.RDMSR,
            Op.CPUID,
            Op.RDFSBASE,
            Op.RDGSBASE,
            Op.WRFSBASE,
            Op.WRGSBASE,
            Op.IN);

    /// Of the operations from [Op#MOVUPS] on, which are those of SSE.
    private static final Set<Op> COMPARING = EnumSet.of(
            Op.UCOMISS,
            Op.UCOMISD,
            Op.COMISS,
            Op.COMISD,
            Op.PTEST,
            Op.PCMPESTRM,
            Op.PCMPESTRI,
            Op.PCMPISTRM,
            Op.PCMPISTRI);

    private FlagNeutral() {}

    static boolean contains(Op op) {
        return op.compareTo(Op.MOVUPS) >= 0 ? !COMPARING.contains(op) : GENERAL.contains(op);
    }
}
