package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// MOVDIR64B, ENQCMD, ENQCMDS (SDM volume 2). The 64 bytes are loaded and checked before anything leaves the vCPU, so
/// an instruction that faults can be run again.
final class EnqueueOps {
    private static final int WORDS = 8;
    private static final long PASID_VALID = 1L << 31;
    private static final long PASID_MASK = 0xFFFFF;

    private EnqueueOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MOVDIR64B, ENQCMD, ENQCMDS -> new Enqueue(insn);
            default -> null;
        };
    }

    private static final class Enqueue extends MicroOp {
        private final Op op;
        private final int target;
        private final int addressSize;
        private final Address source;

        Enqueue(Insn insn) {
            op = insn.op;
            target = insn.operand(0).number();
            addressSize = insn.addressSize;
            source = new Address(insn);
        }

        @Override
        public void run(Core core) {
            if (op == Op.ENQCMDS) {
                core.requireCpl0();
            }
            long at = core.linear(Insn.ES, core.register(target, addressSize), 64, true);
            if ((at & 63) != 0 || at >> 47 != at >> 63) {
                // The target is in ES: #GP, whatever segment the source is in.
                throw GuestFault.gp0();
            }
            var data = load(core);
            switch (op) {
                case MOVDIR64B -> core.mmu.storeBurst(at, data);
                case ENQCMD -> {
                    long pasid = core.state.msrs.pasid;
                    if ((data[0] & 0xFFFF_FFFFL) != 0 || (pasid & PASID_VALID) == 0) {
                        throw GuestFault.gp0();
                    }
                    // Bits 19..0 the PASID, 30..20 zero, 31 zero: user, whatever CPL is.
                    data[0] |= pasid & PASID_MASK;
                    enqueue(core, at, data);
                }
                default -> {
                    if ((data[0] & 0x7FF0_0000L) != 0) {
                        throw GuestFault.gp0();
                    }
                    enqueue(core, at, data);
                }
            }
        }

        private long[] load(Core core) {
            long offset = source.offset(core);
            var data = new long[WORDS];
            for (int i = 0; i < WORDS; i++) {
                data[i] = core.load64(source.segment, offset + 8L * i);
            }
            return data;
        }

        private static void enqueue(Core core, long at, long[] data) {
            boolean accepted = core.mmu.enqueue(at, data);
            core.state.setArithmeticFlags(accepted ? 0 : CpuState.ZF);
        }
    }
}
