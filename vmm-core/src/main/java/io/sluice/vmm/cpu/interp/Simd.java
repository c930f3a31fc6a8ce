package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.GuestFault;

/// Access to XMM and MMX registers and vector memory operands, with the checks that go before.
final class Simd {
    private Simd() {}

    /// #UD or #NM, if SSE instructions are not to be had now (SDM volume 3, table 13-1).
    static void checkSse(Core core) {
        long cr0 = core.state.cr0;
        if ((cr0 & (ControlRegisters.EM | ControlRegisters.TS)) != 0
                || (core.state.cr4 & ControlRegisters.OSFXSR) == 0) {
            boolean undefined = (cr0 & ControlRegisters.EM) != 0 || (core.state.cr4 & ControlRegisters.OSFXSR) == 0;
            throw undefined ? GuestFault.ud() : GuestFault.nm();
        }
    }

    /// The checks before an MMX instruction, a pending x87 exception included.
    static void checkMmx(Core core) {
        long cr0 = core.state.cr0;
        if ((cr0 & ControlRegisters.EM) != 0) {
            throw GuestFault.ud();
        }
        if ((cr0 & ControlRegisters.TS) != 0) {
            throw GuestFault.nm();
        }
        if ((core.state.fpu.fsw & 0x80) != 0) {
            throw GuestFault.mf();
        }
    }

    /// MMX instructions take over the x87 registers: TOP is 0 and all are valid.
    static void enterMmx(Core core) {
        core.state.fpu.fsw &= ~0x3800;
        core.state.fpu.ftw = 0;
    }

    static void setMmx(Core core, int number, long value) {
        core.state.fpu.significand[number] = value;
        core.state.fpu.signExponent[number] = -1;
    }

    /// Where a vector operand is read from; the value goes to [Core#low] and [Core#high].
    abstract static class Source {
        abstract void load(Core core);

        static Source of(Insn insn, int i, boolean aligned) {
            var operand = insn.operand(i);
            return switch (operand.kind()) {
                case XMM -> new Xmm(operand.number());
                case MMX -> new Mmx(operand.number());
                case MEMORY ->
                    operand.size() == 16 ? new Memory16(insn, aligned) : new MemoryPart(insn, operand.size());
                default -> throw new IllegalStateException("no vector operand: " + operand);
            };
        }
    }

    static boolean isMmx(Insn insn) {
        for (var operand : insn.operands) {
            if (operand.kind() == Operand.Kind.MMX) {
                return true;
            }
        }
        return false;
    }

    private static final class Xmm extends Source {
        private final int at;

        Xmm(int number) {
            at = 2 * number;
        }

        @Override
        void load(Core core) {
            long[] xmm = core.state.fpu.xmm;
            core.low = xmm[at];
            core.high = xmm[at + 1];
        }
    }

    private static final class Mmx extends Source {
        private final int number;

        Mmx(int number) {
            this.number = number;
        }

        @Override
        void load(Core core) {
            core.low = core.state.fpu.significand[number];
            core.high = 0;
        }
    }

    private static final class Memory16 extends Source {
        private final Address address;
        private final boolean aligned;

        Memory16(Insn insn, boolean aligned) {
            address = new Address(insn);
            this.aligned = aligned;
        }

        @Override
        void load(Core core) {
            long at = address.linear(core, 16, false);
            if (aligned && (at & 15) != 0) {
                throw GuestFault.gp0();
            }
            long low = core.mmu.load64(at);
            core.high = core.mmu.load64(core.wrapLinear(at + 8));
            core.low = low;
        }
    }

    /// 2, 4 or 8 bytes of memory; the rest is zero.
    private static final class MemoryPart extends Source {
        private final Location.Memory memory;

        MemoryPart(Insn insn, int size) {
            memory = new Location.Memory(insn, size, false);
        }

        @Override
        void load(Core core) {
            core.low = memory.get(core);
            core.high = 0;
        }
    }

    /// Stores 16 bytes: all or none.
    static void store16(Core core, Address address, boolean aligned, long low, long high) {
        long at = address.linear(core, 16, true);
        if (aligned && (at & 15) != 0) {
            throw GuestFault.gp0();
        }
        if ((at & 0xFFF) > 0xFF0) {
            core.mmu.checkStore(at, 16);
        }
        core.mmu.store64(at, low);
        core.mmu.store64(core.wrapLinear(at + 8), high);
    }
}
