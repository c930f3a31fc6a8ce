package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.HostMemory;

/// An operand that is read and written by value: a register, a high byte, memory, or an immediate (read only).
/// Values are zero-extended from `size` bytes.
abstract class Location {
    /// A new value from an old one; may set flags, and may be asked again for a locked operand that changed meanwhile.
    interface Update {
        long apply(Core core, long old);
    }

    final int size;

    Location(int size) {
        this.size = size;
    }

    abstract long get(Core core);

    abstract void set(Core core, long value);

    /// Reads and writes as one access that faults like a write.
    abstract void update(Core core, Update update);

    boolean isMemory() {
        return false;
    }

    static Location of(Insn insn, int operand) {
        return of(insn, insn.operand(operand), insn.operand(operand).size());
    }

    static Location of(Insn insn, Operand operand, int size) {
        return switch (operand.kind()) {
            case GPR -> new Register(operand.number(), size);
            case GPR_HIGH -> new HighByte(operand.number());
            case MEMORY, OFFSET -> new Memory(insn, size);
            case IMMEDIATE -> new Constant(insn.imm, size);
            case IMMEDIATE2 -> new Constant(insn.imm2, size);
            case CONSTANT -> new Constant(operand.number(), size);
            default -> throw new IllegalStateException("no plain operand: " + operand);
        };
    }

    static long mask(int size) {
        return size == 8 ? -1L : (1L << 8 * size) - 1;
    }

    static final class Register extends Location {
        private final int number;

        Register(int number, int size) {
            super(size);
            this.number = number;
        }

        @Override
        long get(Core core) {
            return core.register(number, size);
        }

        @Override
        void set(Core core, long value) {
            core.setRegister(number, size, value);
        }

        @Override
        void update(Core core, Update update) {
            core.setRegister(number, size, update.apply(core, core.register(number, size)));
        }
    }

    /// AH, CH, DH, BH.
    static final class HighByte extends Location {
        private final int number;

        HighByte(int number) {
            super(1);
            this.number = number;
        }

        @Override
        long get(Core core) {
            return core.gpr[number] >>> 8 & 0xFF;
        }

        @Override
        void set(Core core, long value) {
            core.gpr[number] = core.gpr[number] & ~0xFF00L | (value & 0xFF) << 8;
        }

        @Override
        void update(Core core, Update update) {
            set(core, update.apply(core, get(core)));
        }
    }

    static final class Constant extends Location {
        private final long value;

        Constant(long value, int size) {
            super(size);
            this.value = value & mask(size == 0 ? 8 : size);
        }

        @Override
        long get(Core core) {
            return value;
        }

        @Override
        void set(Core core, long value) {
            throw new IllegalStateException("an immediate is not written");
        }

        @Override
        void update(Core core, Update update) {
            update.apply(core, value);
        }
    }

    static final class Memory extends Location {
        private final Address address;
        private final boolean lock;

        Memory(Insn insn, int size) {
            this(insn, size, insn.lock);
        }

        Memory(Insn insn, int size, boolean lock) {
            super(size);
            this.address = new Address(insn);
            this.lock = lock;
        }

        @Override
        boolean isMemory() {
            return true;
        }

        @Override
        long get(Core core) {
            long at = address.linear(core, size, false);
            return switch (size) {
                case 1 -> core.mmu.load8(at);
                case 2 -> core.mmu.load16(at);
                case 4 -> core.mmu.load32(at) & 0xFFFF_FFFFL;
                default -> core.mmu.load64(at);
            };
        }

        @Override
        void set(Core core, long value) {
            put(core, address.linear(core, size, true), value);
        }

        private void put(Core core, long at, long value) {
            switch (size) {
                case 1 -> core.mmu.store8(at, (int) value);
                case 2 -> core.mmu.store16(at, (int) value);
                case 4 -> core.mmu.store32(at, (int) value);
                default -> core.mmu.store64(at, value);
            }
        }

        @Override
        void update(Core core, Update update) {
            updateAt(core, address.linear(core, size, true), size, lock, update);
        }

        /// Read-modify-write at a linear address; atomic if `lock`, for RAM that does not cross a page.
        static void updateAt(Core core, long at, int size, boolean lock, Update update) {
            long host = core.mmu.hostForAtomic(at, size);
            if (host == 0) {
                slowUpdate(core, at, size, update);
            } else if (lock) {
                lockedUpdate(core.state, core, host, size, update);
            } else {
                putHost(host, size, update.apply(core, getHost(host, size)));
            }
        }

        private static void slowUpdate(Core core, long at, int size, Update update) {
            switch (size) {
                case 1 -> core.mmu.store8(at, (int) update.apply(core, core.mmu.load8(at)));
                case 2 -> core.mmu.store16(at, (int) update.apply(core, core.mmu.load16(at)));
                case 4 -> core.mmu.store32(at, (int) update.apply(core, core.mmu.load32(at) & 0xFFFF_FFFFL));
                default -> core.mmu.store64(at, update.apply(core, core.mmu.load64(at)));
            }
        }

        private static void lockedUpdate(CpuState s, Core core, long host, int size, Update update) {
            long result = s.lazyResult;
            long aux = s.lazyAux;
            while (true) {
                long old = getHost(host, size);
                long value = update.apply(core, old);
                if (compareAndSet(host, size, old, value)) {
                    return;
                }
                s.lazyResult = result;
                s.lazyAux = aux;
            }
        }

        static boolean compareAndSet(long host, int size, long old, long value) {
            return switch (size) {
                case 1 -> HostMemory.compareAndSetByte(host, (int) old, (int) value);
                case 2 -> compareAndSetShort(host, (int) old, (int) value);
                case 4 -> HostMemory.compareAndSetInt(host, (int) old, (int) value);
                default -> HostMemory.compareAndSetLong(host, old, value);
            };
        }

        private static boolean compareAndSetShort(long host, int old, int value) {
            if ((host & 3) != 3) {
                return HostMemory.compareAndSetShort(host, old, value);
            }
            // Crosses an aligned word: take the 4 bytes around it, which lie in one page for every such address but
            // one.
            int around = HostMemory.getInt(host - 1);
            if ((around >>> 8 & 0xFFFF) != (old & 0xFFFF)) {
                return false;
            }
            return HostMemory.compareAndSetInt(host - 1, around, around & 0xFF0000FF | (value & 0xFFFF) << 8);
        }

        static long getHost(long host, int size) {
            return switch (size) {
                case 1 -> HostMemory.getByte(host);
                case 2 -> HostMemory.getShort(host);
                case 4 -> HostMemory.getInt(host) & 0xFFFF_FFFFL;
                default -> HostMemory.getLong(host);
            };
        }

        static void putHost(long host, int size, long value) {
            switch (size) {
                case 1 -> HostMemory.putByte(host, (int) value);
                case 2 -> HostMemory.putShort(host, (int) value);
                case 4 -> HostMemory.putInt(host, (int) value);
                default -> HostMemory.putLong(host, value);
            }
        }
    }
}
