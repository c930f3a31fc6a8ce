package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/// XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B.
final class ExchangeOps {
    private ExchangeOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case XCHG -> exchange(insn);
            case XADD -> exchangeAdd(insn);
            case CMPXCHG -> compareExchange(insn);
            case CMPXCHG8B -> compareExchange8(insn);
            case CMPXCHG16B -> compareExchange16(insn);
            default -> null;
        };
    }

    /// With memory it is locked, prefix or not.
    private static MicroOp exchange(Insn insn) {
        int size = insn.operand(0).size();
        var first = Location.of(insn, 0).isMemory() ? new Location.Memory(insn, size, true) : Location.of(insn, 0);
        var second = Location.of(insn, 1);
        Location.Update update = (core, old) -> {
            core.scratch = old;
            return second.get(core);
        };
        return Cold.of(core -> {
            first.update(core, update);
            second.set(core, core.scratch);
        });
    }

    private static MicroOp exchangeAdd(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        var add = Alu.of(Op.ADD, target.size);
        Location.Update update = (core, old) -> {
            core.scratch = old;
            return add.apply(core.state, old, source.get(core));
        };
        if (target.isMemory()) {
            return Cold.of(core -> {
                target.update(core, update);
                source.set(core, core.scratch);
            });
        }
        return Cold.of(core -> {
            long a = target.get(core);
            long b = source.get(core);
            source.set(core, a);
            target.set(core, add.apply(core.state, a, b));
        });
    }

    /// Writes the target always: back what it held, if it did not match.
    private static MicroOp compareExchange(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        int size = target.size;
        var compare = Alu.of(Op.CMP, size);
        Location.Update update = (core, old) -> {
            core.scratch = old;
            compare.apply(core.state, core.register(0, size), old);
            return core.state.zf() ? source.get(core) : old;
        };
        if (target.isMemory()) {
            return Cold.of(core -> {
                target.update(core, update);
                if (!core.state.zf()) {
                    core.setRegister(0, size, core.scratch);
                }
            });
        }
        return Cold.of(core -> {
            long old = target.get(core);
            compare.apply(core.state, core.register(0, size), old);
            if (core.state.zf()) {
                target.set(core, source.get(core));
            } else {
                core.setRegister(0, size, old);
            }
        });
    }

    private static MicroOp compareExchange8(Insn insn) {
        var target = new Location.Memory(insn, 8);
        Location.Update update = (core, old) -> {
            core.scratch = old;
            long expected = core.register(2, 4) << 32 | core.register(0, 4);
            return old == expected ? core.register(1, 4) << 32 | core.register(3, 4) : old;
        };
        return Cold.of(core -> {
            target.update(core, update);
            long expected = core.register(2, 4) << 32 | core.register(0, 4);
            boolean equal = core.scratch == expected;
            if (!equal) {
                core.setRegister(0, 4, core.scratch);
                core.setRegister(2, 4, core.scratch >>> 32);
            }
            Flags.setZero(core.state, equal);
        });
    }

    /// 16 bytes, aligned. The halves are exchanged one after the other: atomic towards this vCPU's own interrupts
    /// and towards devices that write at most 8 bytes at a time.
    private static MicroOp compareExchange16(Insn insn) {
        var address = new Address(insn);
        return Cold.of(core -> {
            long at = address.linear(core, 16, true);
            if ((at & 15) != 0) {
                throw GuestFault.gp0();
            }
            long host = core.mmu.hostForAtomic(at, 16);
            long low = host != 0 ? HostMemory.getLong(host) : core.mmu.load64(at);
            long high = host != 0 ? HostMemory.getLong(host + 8) : core.mmu.load64(at + 8);
            long[] g = core.gpr;
            boolean equal = low == g[0] && high == g[2];
            if (!equal) {
                g[0] = low;
                g[2] = high;
            } else if (host != 0) {
                HostMemory.putLong(host, g[3]);
                HostMemory.putLong(host + 8, g[1]);
            } else {
                core.mmu.store64(at, g[3]);
                core.mmu.store64(at + 8, g[1]);
            }
            Flags.setZero(core.state, equal);
        });
    }
}
