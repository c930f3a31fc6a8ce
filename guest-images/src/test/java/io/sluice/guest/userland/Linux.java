package io.sluice.guest.userland;

import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.R10;
import static io.sluice.guest.asm.Reg.R8;
import static io.sluice.guest.asm.Reg.R9;
import static io.sluice.guest.asm.Reg.RDI;
import static io.sluice.guest.asm.Reg.RDX;
import static io.sluice.guest.asm.Reg.RSI;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Operand;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;

/// System calls of Linux on x86-64, by their numbers. A call changes RAX, RCX and R11 beside its arguments.
enum Linux {
    WRITE(1),
    OPEN(2),
    CLOSE(3),
    MMAP(9),
    MUNMAP(11),
    PREAD64(17),
    PWRITE64(18),
    SCHED_YIELD(24),
    FORK(57),
    WAIT4(61),
    CHDIR(80),
    SETUID(105),
    MLOCK(149),
    EXIT_GROUP(231);

    static final int O_RDWR = 2;
    static final int O_SYNC = 0x10_1000;
    static final int PROT_READ_WRITE = 3;
    static final int MAP_SHARED = 1;
    static final int MAP_ANONYMOUS = 0x20;
    static final int MAP_POPULATE = 0x8000;

    private static final Reg[] ARGUMENTS = {RDI, RSI, RDX, R10, R8, R9};

    private final int number;

    Linux(int number) {
        this.number = number;
    }

    /// Each argument is a number, a register, a place in memory, or a label, whose address is meant. They are loaded in
    /// order.
    void call(Asm a, Object... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            load(a, ARGUMENTS[i], arguments[i]);
        }
        a.mov(EAX, number);
        a.plain(Plain.SYSCALL);
    }

    private static void load(Asm a, Reg register, Object argument) {
        switch (argument) {
            case Integer number -> a.mov(register, number);
            case String label -> a.lea(register, Mem.label(label));
            case Operand operand -> {
                if (operand != register) {
                    a.mov(register, operand);
                }
            }
            default -> throw new IllegalArgumentException("no argument: " + argument);
        }
    }
}
