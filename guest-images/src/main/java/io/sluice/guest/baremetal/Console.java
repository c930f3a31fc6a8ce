package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.AL;
import static io.sluice.guest.asm.Reg.CL;
import static io.sluice.guest.asm.Reg.DX;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.EDX;
import static io.sluice.guest.asm.Reg.RAX;
import static io.sluice.guest.asm.Reg.RBP;
import static io.sluice.guest.asm.Reg.RBX;
import static io.sluice.guest.asm.Reg.RCX;
import static io.sluice.guest.asm.Reg.RDX;
import static io.sluice.guest.asm.Reg.RSI;
import static io.sluice.guest.asm.Reg.RSP;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;

/// Subroutines for the first serial port: `putc` (AL), `puts` (RSI), `decimal` and `hex` (RAX), and the interrupt
/// handler that collects keys. All but the handler may change RAX, RCX, RDX and RSI.
final class Console {
    static final int PORT = 0x3F8;
    static final int IRQ = 4;
    private static final int LINE_STATUS = PORT + 5;
    private static final int RECEIVED = 1;
    private static final int TRANSMITTER_EMPTY = 0x20;
    static final int RING = 256;

    private Console() {}

    private static void outByte(Asm a, int port, int value) {
        a.mov(DX, port);
        a.mov(AL, value);
        a.outDx(AL);
    }

    /// 115200 baud, 8 bits, FIFO on, interrupt on what comes in.
    static void initialise(Asm a) {
        outByte(a, PORT + 1, 0);
        outByte(a, PORT + 3, 0x80);
        outByte(a, PORT, 1);
        outByte(a, PORT + 1, 0);
        outByte(a, PORT + 3, 3);
        outByte(a, PORT + 2, 7);
        outByte(a, PORT + 4, 0x0B);
        outByte(a, PORT + 1, 1);
    }

    static void emitSubroutines(Asm a) {
        putc(a);
        puts(a);
        decimal(a);
        hex(a);
        handler(a);
        getc(a);
        a.align(8);
        // Written by the handler, read by getc; one byte each, so that they wrap by themselves.
        a.label("ring_head");
        a.db(0);
        a.label("ring_tail");
        a.db(0);
        a.label("ring");
        a.space(RING);
    }

    private static void putc(Asm a) {
        a.label("putc");
        a.mov(ECX, EAX);
        a.mov(DX, LINE_STATUS);
        a.label("putc_wait");
        a.inDx(AL);
        a.test(AL, TRANSMITTER_EMPTY);
        a.j(Condition.E, "putc_wait");
        a.mov(DX, PORT);
        a.mov(EAX, ECX);
        a.outDx(AL);
        a.ret();
    }

    private static void puts(Asm a) {
        a.label("puts");
        a.plain(Plain.LODSB);
        a.test(AL, AL);
        a.j(Condition.E, "puts_end");
        a.call("putc");
        a.jmp("puts");
        a.label("puts_end");
        a.ret();
    }

    /// Digits go onto the stack, the lowest first.
    private static void decimal(Asm a) {
        a.label("decimal");
        a.push(RBX);
        a.push(RBP);
        a.mov(RBP, RSP);
        a.mov(RBX, 10);
        a.label("decimal_divide");
        a.xor(EDX, EDX);
        a.div(RBX);
        a.push(RDX);
        a.test(RAX, RAX);
        a.j(Condition.NE, "decimal_divide");
        a.label("decimal_print");
        a.pop(RAX);
        a.add(EAX, '0');
        a.call("putc");
        a.cmp(RSP, RBP);
        a.j(Condition.NE, "decimal_print");
        a.pop(RBP);
        a.pop(RBX);
        a.ret();
    }

    /// 16 digits.
    private static void hex(Asm a) {
        a.label("hex");
        a.push(RBX);
        a.push(RBP);
        a.mov(RBX, RAX);
        a.mov(RBP, 16);
        a.label("hex_digit");
        a.rol(RBX, 4);
        a.mov(RAX, RBX);
        a.and(EAX, 15);
        a.lea(RSI, Mem.label("hex_digits"));
        a.movzx(EAX, Mem.at(RSI, RAX, 1, 0).bytes1());
        a.call("putc");
        a.dec(RBP);
        a.j(Condition.NE, "hex_digit");
        a.pop(RBP);
        a.pop(RBX);
        a.ret();
        a.label("hex_digits");
        a.text("0123456789abcdef");
    }

    /// Empties the receiver into the ring; what does not fit is lost.
    private static void handler(Asm a) {
        a.label("serial_interrupt");
        a.push(RAX);
        a.push(RCX);
        a.push(RDX);
        a.push(RSI);
        a.label("serial_next");
        a.mov(DX, LINE_STATUS);
        a.inDx(AL);
        a.test(AL, RECEIVED);
        a.j(Condition.E, "serial_end");
        a.mov(DX, PORT);
        a.inDx(AL);
        a.movzx(ECX, Mem.label("ring_head").bytes1());
        a.lea(RSI, Mem.label("ring"));
        a.mov(Mem.at(RSI, RCX, 1, 0), AL);
        a.inc(CL);
        a.cmp(CL, Mem.label("ring_tail"));
        a.j(Condition.E, "serial_next");
        a.mov(Mem.label("ring_head"), CL);
        a.jmp("serial_next");
        a.label("serial_end");
        Apic.endOfInterrupt(a);
        a.pop(RSI);
        a.pop(RDX);
        a.pop(RCX);
        a.pop(RAX);
        a.iret();
    }

    /// Waits for a key, in AL. STI takes effect after the HLT that follows has begun, so no key is missed between.
    private static void getc(Asm a) {
        a.label("getc");
        a.plain(Plain.CLI);
        a.movzx(ECX, Mem.label("ring_tail").bytes1());
        a.cmp(CL, Mem.label("ring_head"));
        a.j(Condition.NE, "getc_has");
        a.plain(Plain.STI);
        a.plain(Plain.HLT);
        a.jmp("getc");
        a.label("getc_has");
        a.lea(RSI, Mem.label("ring"));
        a.movzx(EAX, Mem.at(RSI, RCX, 1, 0).bytes1());
        a.inc(CL);
        a.mov(Mem.label("ring_tail"), CL);
        a.plain(Plain.STI);
        a.ret();
    }

    /// Prints a text that stands in the code, around which it jumps.
    static void print(Asm a, String text) {
        String label = "text_" + a.position();
        a.lea(RSI, Mem.label(label));
        a.call("puts");
        a.jmp(label + "_end");
        a.label(label);
        a.text(text);
        a.label(label + "_end");
    }

    static void printDecimal(Asm a, Reg value) {
        a.mov(RAX, value);
        a.call("decimal");
    }
}
