package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.AL;
import static io.sluice.guest.asm.Reg.DX;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.EBX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.ESI;
import static io.sluice.guest.asm.Reg.RAX;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;

/// Interrupt controllers: the PICs are silenced, the IOAPIC brings the serial port, the local APIC's timer ticks.
final class Apic {
    static final int SERIAL_VECTOR = 0x31;
    static final int TIMER_VECTOR = 0x30;
    static final int SPURIOUS_VECTOR = 0xFF;
    /// Ticks in a second.
    static final int RATE = 100;

    private static final int LOCAL = 0xFEE0_0000;
    private static final int EOI = 0xB0;
    private static final int SPURIOUS = 0xF0;
    private static final int LVT_TIMER = 0x320;
    private static final int INITIAL_COUNT = 0x380;
    private static final int CURRENT_COUNT = 0x390;
    private static final int DIVIDE = 0x3E0;
    private static final int DIVIDE_BY_16 = 3;
    private static final int ENABLE = 1 << 8;
    private static final int MASKED = 1 << 16;
    private static final int PERIODIC = 1 << 17;

    private static final int IOAPIC_INDEX = 0xFEC0_0000;
    private static final int IOAPIC_DATA = 0xFEC0_0010;
    private static final int REDIRECTION = 0x10;

    private static final int PM_TIMER = 0x608;
    private static final int PM_TIMER_MASK = 0xFF_FFFF;
    private static final int PM_TIMER_HERTZ = 3_579_545;

    private Apic() {}

    private static void local(Asm a, int register, long value) {
        a.mov(EAX, LOCAL + register & 0xFFFF_FFFFL);
        a.mov(Mem.at(RAX).bytes4(), value);
    }

    private static void ioApic(Asm a, int register, int value) {
        a.mov(EAX, IOAPIC_INDEX & 0xFFFF_FFFFL);
        a.mov(Mem.at(RAX).bytes4(), register);
        a.mov(Mem.at(RAX, IOAPIC_DATA - IOAPIC_INDEX).bytes4(), value);
    }

    static void initialise(Asm a) {
        a.mov(AL, 0xFF);
        a.out(0x21, AL);
        a.out(0xA1, AL);
        local(a, SPURIOUS, ENABLE | SPURIOUS_VECTOR);
        ioApic(a, REDIRECTION + 2 * Console.IRQ + 1, 0);
        ioApic(a, REDIRECTION + 2 * Console.IRQ, SERIAL_VECTOR);
        calibrate(a);
    }

    /// Lets the timer run down for a tick's time by the ACPI timer, and starts it with what it counted.
    private static void calibrate(Asm a) {
        local(a, DIVIDE, DIVIDE_BY_16);
        local(a, LVT_TIMER, MASKED);
        a.mov(DX, PM_TIMER);
        a.inDx(EAX);
        a.mov(EBX, EAX);
        local(a, INITIAL_COUNT, -1);
        a.label("calibrate_wait");
        a.inDx(EAX);
        a.sub(EAX, EBX);
        a.and(EAX, PM_TIMER_MASK);
        a.cmp(EAX, PM_TIMER_HERTZ / RATE);
        a.j(Condition.B, "calibrate_wait");
        a.mov(EAX, LOCAL + CURRENT_COUNT & 0xFFFF_FFFFL);
        a.mov(ECX, Mem.at(RAX));
        a.not(ECX);
        a.mov(ESI, ECX);
        local(a, LVT_TIMER, PERIODIC | TIMER_VECTOR);
        a.mov(EAX, LOCAL + INITIAL_COUNT & 0xFFFF_FFFFL);
        a.mov(Mem.at(RAX), ESI);
        a.mov(Mem.label("timer_count"), ESI);
    }

    static void endOfInterrupt(Asm a) {
        local(a, EOI, 0);
    }

    static void emitHandlers(Asm a) {
        a.label("timer_interrupt");
        a.push(RAX);
        a.inc(Mem.label("ticks").bytes8());
        endOfInterrupt(a);
        a.pop(RAX);
        a.iret();
        a.label("spurious_interrupt");
        a.iret();
        a.align(8);
        a.label("ticks");
        a.dq(0);
        a.label("timer_count");
        a.dq(0);
    }
}
