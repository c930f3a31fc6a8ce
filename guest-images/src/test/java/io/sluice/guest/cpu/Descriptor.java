package io.sluice.guest.cpu;

/// Descriptors and gates as numbers.
final class Descriptor {
    /// Access bytes: present, DPL 0.
    static final int CODE = 0x9B;

    static final int CODE_EXECUTE_ONLY = 0x99;
    static final int CONFORMING = 0x9F;
    static final int DATA = 0x93;
    static final int READ_ONLY = 0x91;
    static final int EXPAND_DOWN = 0x97;
    static final int LDT = 0x82;
    static final int TSS16 = 0x81;
    static final int TSS = 0x89;
    static final int TSS_BUSY = 0x8B;
    static final int CALL_GATE16 = 0x84;
    static final int TASK_GATE = 0x85;
    static final int INTERRUPT_GATE16 = 0x86;
    static final int TRAP_GATE16 = 0x87;
    static final int CALL_GATE = 0x8C;
    static final int INTERRUPT_GATE = 0x8E;
    static final int TRAP_GATE = 0x8F;

    /// Flags: granularity 8, big 4, long 2.
    static final int BIG = 0xC;

    static final int LONG = 0xA;
    static final int BYTES = 0;

    private Descriptor() {}

    static int dpl(int access, int level) {
        return access & ~0x60 | level << 5;
    }

    static int absent(int access) {
        return access & ~0x80;
    }

    static long segment(long base, long limit, int access, int flags) {
        return limit & 0xFFFF
                | (base & 0xFF_FFFF) << 16
                | (long) access << 40
                | (limit >> 16 & 0xF) << 48
                | (long) flags << 52
                | (base >>> 24 & 0xFF) << 56;
    }

    /// Base 0, 4 GiB.
    static long flat(int access, int flags) {
        return segment(0, 0xFFFFF, access, flags);
    }

    /// The low 8 bytes of a gate; `extra` is the parameter count or the interrupt-stack number.
    static long gate(int selector, long offset, int access, int extra) {
        return offset & 0xFFFF
                | (long) selector << 16
                | (long) extra << 32
                | (long) access << 40
                | (offset >>> 16 & 0xFFFF) << 48;
    }
}
