package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.AX;
import static io.sluice.guest.asm.Reg.BX;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.EBX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.RAX;
import static io.sluice.guest.asm.Reg.RBX;
import static io.sluice.guest.asm.Reg.RCX;
import static io.sluice.guest.asm.Reg.RDI;
import static io.sluice.guest.asm.Reg.RSP;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;

/// The interrupt descriptor table. An exception is told on the console, and the processor stops.
final class Traps {
    private static final int EXCEPTIONS = 32;
    /// Bytes of one `call`, which is what tells the exceptions apart.
    private static final int STUB = 5;

    private static final int CODE = 0x08;
    private static final int INTERRUPT_GATE = 0x8E00;
    private static final int GATE_BYTES = 16;
    /// Exceptions that push an error code: 8, 10 to 14, 17, 21, 29, 30.
    private static final int WITH_ERROR_CODE = 0x6022_7D00;

    private Traps() {}

    static void initialise(Asm a) {
        // All exceptions: stub n is STUB * n bytes after the first.
        a.lea(RAX, Mem.label("stubs"));
        a.lea(RDI, Mem.label("idt"));
        a.mov(ECX, EXCEPTIONS);
        a.label("fill_idt");
        a.call("set_gate");
        a.add(RAX, STUB);
        a.add(RDI, GATE_BYTES);
        a.dec(ECX);
        a.j(Condition.NE, "fill_idt");
        gate(a, Apic.TIMER_VECTOR, "timer_interrupt");
        gate(a, Apic.SERIAL_VECTOR, "serial_interrupt");
        gate(a, Apic.SPURIOUS_VECTOR, "spurious_interrupt");
        a.lidt(Mem.label("idtr"));
    }

    private static void gate(Asm a, int vector, String handler) {
        a.lea(RAX, Mem.label(handler));
        a.lea(RDI, Mem.label("idt").plus((long) GATE_BYTES * vector));
        a.call("set_gate");
    }

    static void emit(Asm a) {
        // RAX: handler; RDI: gate. The guest lies below 4 GiB, so the upper half of the offset is zero.
        a.label("set_gate");
        a.mov(Mem.at(RDI), AX);
        a.mov(Mem.at(RDI, 2).bytes2(), CODE);
        a.mov(Mem.at(RDI, 4).bytes2(), INTERRUPT_GATE);
        a.mov(RBX, RAX);
        a.shr(RBX, 16);
        a.mov(Mem.at(RDI, 6), BX);
        a.ret();

        a.label("stubs");
        for (int i = 0; i < EXCEPTIONS; i++) {
            a.call("exception");
        }
        a.label("exception");
        a.pop(RBX);
        a.lea(RAX, Mem.label("stubs").plus(STUB));
        a.sub(RBX, RAX);
        a.mov(RAX, RBX);
        a.mov(ECX, STUB);
        a.plain(Plain.CQO);
        a.div(RCX);
        a.mov(RBX, RAX);
        Console.print(a, "\r\nexception ");
        Console.printDecimal(a, RBX);
        a.mov(ECX, EXCEPTIONS - 1);
        a.and(ECX, EBX);
        a.mov(EAX, WITH_ERROR_CODE);
        a.shrCl(EAX);
        a.test(EAX, 1);
        a.j(Condition.E, "exception_plain");
        Console.print(a, " error 0x");
        a.pop(RAX);
        a.call("hex");
        a.label("exception_plain");
        Console.print(a, " at 0x");
        a.mov(RAX, Mem.at(RSP));
        a.call("hex");
        Console.print(a, "\r\n");
        a.label("stop");
        a.plain(Plain.CLI);
        a.plain(Plain.HLT);
        a.jmp("stop");

        a.align(16);
        a.label("idtr");
        a.dw(256 * GATE_BYTES - 1);
        a.dqLabel("idt");
        a.align(16);
        a.label("idt");
        a.space(256 * GATE_BYTES);
    }
}
