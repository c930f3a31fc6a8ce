package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/// MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS, with their repeat prefixes. Registers move on element by element, so a
/// fault or an interrupt finds them as the processor leaves them; a repeated one ends its block and is taken up again.
final class StringOps {
    /// Elements between two looks for interrupts.
    private static final int SLICE = 4096;
    private static final int RDX = 2;
    private static final int RSI = 6;
    private static final int RDI = 7;
    private static final int RCX = 1;

    private StringOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS -> insn.rep == 0 ? single(insn) : repeated(insn);
            default -> null;
        };
    }

    private static MicroOp single(Insn insn) {
        var string = new StringUnit(insn);
        return Cold.of(string::step);
    }

    private static MicroOp repeated(Insn insn) {
        var string = new StringUnit(insn);
        boolean compares = insn.op == Op.CMPS || insn.op == Op.SCAS;
        boolean whileEqual = insn.rep == 0xF3;
        boolean usesPort = insn.op == Op.INS || insn.op == Op.OUTS;
        boolean bulk = insn.op == Op.MOVS || insn.op == Op.STOS;
        return Cold.ending((core, next) -> {
            int countSize = string.addressSize;
            long mask = Location.mask(countSize);
            if (usesPort) {
                // Whether the port is allowed is asked even if nothing is to be moved.
                IoOps.check(core, (int) core.gpr[RDX] & 0xFFFF, insn.operandSize);
            }
            boolean one = core.stopsEachStep();
            int budget = one ? 1 : SLICE;
            while (true) {
                long count = core.gpr[RCX] & mask;
                if (count == 0) {
                    return;
                }
                if (budget <= 0) {
                    // Once more from the start: interrupts get their turn. They save RF, so that an instruction
                    // breakpoint here does not hit again.
                    core.state.rip = core.wrapIp(next - insn.length);
                    core.state.systemFlags |= CpuState.RF;
                    core.spent += SLICE;
                    core.look = true;
                    return;
                }
                long done = bulk && !one && !core.state.flag(CpuState.DF) ? string.many(core, count) : 0;
                if (done == 0) {
                    string.step(core);
                    done = 1;
                }
                budget -= (int) Math.min(done, 64);
                core.setRegister(RCX, countSize, count - done);
                if (compares && core.state.zf() != whileEqual) {
                    return;
                }
            }
        });
    }

    /// One element of a string instruction, or many at once.
    private static final class StringUnit {
        private final Op op;
        private final int size;
        private final int segment;
        final int addressSize;
        private final long mask;
        private final Alu compare;

        StringUnit(Insn insn) {
            op = insn.op;
            size = insn.operandSize;
            segment = insn.segment;
            addressSize = insn.addressSize;
            mask = Location.mask(addressSize);
            compare = Alu.of(Op.CMP, size);
        }

        private void advance(Core core, int register, long bytes) {
            long step = core.state.flag(CpuState.DF) ? -bytes : bytes;
            core.setRegister(register, addressSize, core.gpr[register] + step);
        }

        void step(Core core) {
            long source = core.gpr[RSI] & mask;
            long target = core.gpr[RDI] & mask;
            switch (op) {
                case MOVS -> {
                    core.store(Insn.ES, target, size, core.load(segment, source, size));
                    advance(core, RSI, size);
                    advance(core, RDI, size);
                }
                case STOS -> {
                    core.store(Insn.ES, target, size, core.gpr[0]);
                    advance(core, RDI, size);
                }
                case LODS -> {
                    core.setRegister(0, size, core.load(segment, source, size));
                    advance(core, RSI, size);
                }
                case CMPS -> {
                    long a = core.load(segment, source, size);
                    compare.apply(core.state, a, core.load(Insn.ES, target, size));
                    advance(core, RSI, size);
                    advance(core, RDI, size);
                }
                case SCAS -> {
                    compare.apply(core.state, core.register(0, size), core.load(Insn.ES, target, size));
                    advance(core, RDI, size);
                }
                case INS -> {
                    IoOps.check(core, (int) core.gpr[RDX] & 0xFFFF, size);
                    core.checkStore(Insn.ES, target, size);
                    core.store(Insn.ES, target, size, IoOps.read(core, (int) core.gpr[RDX] & 0xFFFF, size));
                    advance(core, RDI, size);
                }
                default -> {
                    int port = (int) core.gpr[RDX] & 0xFFFF;
                    IoOps.check(core, port, size);
                    IoOps.write(core, port, size, core.load(segment, source, size));
                    advance(core, RSI, size);
                }
            }
        }

        /// As many elements of MOVS or STOS as lie in one page of RAM each way and do not overlap, upwards; 0 if there
        /// are none, and then [#step] does one.
        long many(Core core, long count) {
            long target = core.gpr[RDI] & mask;
            long to = core.linear(Insn.ES, target, size, true);
            long bytes = Math.min(0x1000 - (to & 0xFFF), 0x1000);
            long source = core.gpr[RSI] & mask;
            if (op == Op.MOVS) {
                long from = core.linear(segment, source, size, false);
                bytes = Math.min(bytes, 0x1000 - (from & 0xFFF));
                bytes = Math.min(bytes, limitRoom(core, segment, source));
            }
            bytes = Math.min(bytes, limitRoom(core, Insn.ES, target));
            long elements = Math.min(count, bytes / size);
            if (elements < 2) {
                return 0;
            }
            return op == Op.MOVS ? copy(core, source, to, elements) : fill(core, to, elements);
        }

        /// Bytes from `offset` to the end of the segment or of the address size, whichever comes first.
        private long limitRoom(Core core, int number, long offset) {
            if (core.is64() && addressSize == 8) {
                return Long.MAX_VALUE;
            }
            long room = mask - offset + 1;
            if (core.is64()) {
                return room;
            }
            var s = core.state.segments[number];
            boolean expandDown = (s.type() & 12) == 4;
            return expandDown ? 0 : Math.min(room, s.limit - offset + 1);
        }

        private long copy(Core core, long source, long to, long elements) {
            long hostFrom = core.mmu.hostForRead(core.linear(segment, source));
            long hostTo = core.mmu.hostForWrite(to);
            long bytes = elements * size;
            boolean overlap =
                    hostTo > hostFrom && hostTo - hostFrom < bytes || hostFrom >= hostTo && hostFrom - hostTo < bytes;
            if (hostFrom == 0 || hostTo == 0 || overlap) {
                return 0;
            }
            HostMemory.copy(hostFrom, hostTo, bytes);
            core.setRegister(RSI, addressSize, core.gpr[RSI] + bytes);
            core.setRegister(RDI, addressSize, core.gpr[RDI] + bytes);
            return elements;
        }

        private long fill(Core core, long to, long elements) {
            long host = core.mmu.hostForWrite(to);
            if (host == 0) {
                return 0;
            }
            long value = core.gpr[0];
            long bytes = elements * size;
            if (size == 1 || value == 0) {
                HostMemory.fill(host, bytes, (int) value & 0xFF);
            } else {
                for (long at = 0; at < bytes; at += size) {
                    Location.Memory.putHost(host + at, size, value);
                }
            }
            core.setRegister(RDI, addressSize, core.gpr[RDI] + bytes);
            return elements;
        }
    }
}
