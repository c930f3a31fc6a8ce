package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.AL;
import static io.sluice.guest.asm.Reg.AX;
import static io.sluice.guest.asm.Reg.DX;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.EBX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.EDI;
import static io.sluice.guest.asm.Reg.R12;
import static io.sluice.guest.asm.Reg.R13;
import static io.sluice.guest.asm.Reg.R14;
import static io.sluice.guest.asm.Reg.R15;
import static io.sluice.guest.asm.Reg.RAX;
import static io.sluice.guest.asm.Reg.RBX;
import static io.sluice.guest.asm.Reg.RCX;
import static io.sluice.guest.asm.Reg.RDX;
import static io.sluice.guest.asm.Reg.RSI;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;

/// The guest's program: times loops by the HPET, which Sluice and QEMU both have, prints picoseconds a turn, powers
/// off.
/// Each loop runs once to warm up and then is timed; the same file runs on both machines.
final class SpeedKernel {
    /// On the console when all is measured.
    static final String DONE = "speed: done";

    private static final int ADDRESS = 0x10_0000;
    private static final int BSS = 0x20_0000;
    private static final int STACK_TOP = BSS + LongModeEntry.TABLES_BYTES + 0x4000;
    private static final int DATA = 0x40_0000;

    private static final int HPET = 0xFED0_0000;
    private static final int HPET_PERIOD = 4;
    private static final int HPET_CONFIG = 0x10;
    private static final int HPET_COUNTER = 0xF0;
    private static final int FEMTO_IN_PICO = 1000;

    private static final int PCI_ADDRESS = 0xCF8;
    private static final int PCI_DATA = 0xCFC;
    private static final int PCI_ENABLE = 0x8000_0000;
    private static final int EDU = 0x11E8_1234;
    private static final int EDU_LIVENESS = 4;
    private static final int SCRATCH_PORT = 0x3FF;

    private static final int TRAPS = 2_000_000;
    private static final int TURNS = 100_000_000;
    private static final int WARM = 2;

    byte[] image() {
        var a = new Asm(ADDRESS);
        LongModeEntry.emit(a, BSS, STACK_TOP);
        a.label("start64");
        Console.initialise(a);
        a.mov(R15, HPET & 0xFFFF_FFFFL);
        a.mov(Mem.at(R15, HPET_CONFIG).bytes4(), 1);
        Console.print(a, "speed: picoseconds a turn\r\n");
        findEdu(a);
        measure(a, "register loop, 8 instructions", TURNS, SpeedKernel::registerLoop);
        measure(a, "memory loop, 8 instructions", TURNS, SpeedKernel::memoryLoop);
        measure(a, "call and return, 8 instructions", TURNS, SpeedKernel::callLoop);
        a.test(R12, R12);
        a.j(Condition.E, "no_edu");
        measure(a, "edu register read", TRAPS, b -> b.mov(EAX, Mem.at(R12, EDU_LIVENESS)));
        measure(a, "edu register write", TRAPS, b -> b.mov(Mem.at(R12, EDU_LIVENESS), EAX));
        a.label("no_edu");
        measure(a, "uart scratch read", TRAPS, b -> b.inDx(AL));
        measure(a, "uart scratch write", TRAPS, b -> b.outDx(AL));
        Console.print(a, DONE + "\r\n");
        powerOff(a);
        a.label("leaf");
        a.add(RAX, 3);
        a.xor(RAX, RCX);
        a.ret();
        Console.emitSubroutines(a);
        Apic.emitHandlers(a);
        Traps.emit(a);
        var code = a.assemble();
        return MultibootFile.of(ADDRESS, code, DATA + 0x10000 - ADDRESS - code.length);
    }

    private interface Body {
        void emit(Asm a);
    }

    private static void registerLoop(Asm a) {
        a.add(RAX, RCX);
        a.xor(RDX, RAX);
        a.shl(RAX, 1);
        a.sub(RDX, 5);
        a.or(RAX, 1);
        a.mov(RBX, RDX);
    }

    private static void memoryLoop(Asm a) {
        a.mov(RAX, Mem.at(RSI));
        a.add(RAX, Mem.at(RSI, 64));
        a.mov(Mem.at(RSI, 128), RAX);
        a.add(Mem.at(RSI, 192), RAX);
        a.mov(EBX, Mem.at(RSI, 4));
        a.lea(RDX, Mem.at(RSI, RBX, 1, 8));
    }

    /// With the loop's own two, and the leaf's three.
    private static void callLoop(Asm a) {
        a.call("leaf");
        a.mov(RDX, RAX);
        a.and(RDX, 0xFF);
    }

    /// Times `turns` turns of `body`, which may change RAX, RBX and RDX.
    private void measure(Asm a, String what, int turns, Body body) {
        String label = "loop" + count++;
        a.mov(RSI, DATA);
        a.mov(EDI, turns / WARM);
        a.call(label);
        a.mov(R13, Mem.at(R15, HPET_COUNTER));
        a.mov(EDI, turns);
        a.call(label);
        a.mov(R14, Mem.at(R15, HPET_COUNTER));
        a.sub(R14, R13);
        Console.print(a, "speed: ");
        // Ticks times femtoseconds a tick, in thousands, over turns.
        a.mov(EAX, Mem.at(R15, HPET_PERIOD));
        a.mul(R14);
        a.mov(RCX, (long) turns * FEMTO_IN_PICO);
        a.div(RCX);
        a.call("decimal");
        Console.print(a, " " + what + "\r\n");
        a.jmp(label + "_end");

        a.label(label);
        a.mov(ECX, EDI);
        a.mov(DX, SCRATCH_PORT);
        a.label(label + "_turn");
        body.emit(a);
        a.dec(ECX);
        a.j(Condition.NE, label + "_turn");
        a.ret();
        a.label(label + "_end");
    }

    private int count;

    /// R12: the first memory BAR of `edu` on bus 0, decoded; 0 if there is none.
    private static void findEdu(Asm a) {
        a.xor(R12, R12);
        a.mov(EBX, PCI_ENABLE & 0xFFFF_FFFFL);
        a.label("find");
        a.mov(EAX, EBX);
        a.call("config_read");
        a.cmp(EAX, EDU);
        a.j(Condition.E, "found");
        a.add(EBX, 1 << 11);
        a.cmp(EBX, (PCI_ENABLE & 0xFFFF_FFFFL) + (1 << 16));
        a.j(Condition.NE, "find");
        a.jmp("found_none");
        a.label("found");
        a.mov(EAX, EBX);
        a.add(EAX, 4);
        a.call("config_read");
        a.or(EAX, 2);
        a.mov(DX, PCI_DATA);
        a.outDx(EAX);
        a.mov(EAX, EBX);
        a.add(EAX, 0x10);
        a.call("config_read");
        a.and(EAX, -16);
        a.mov(R12, RAX);
        a.label("found_none");
        a.jmp("find_end");
        a.label("config_read");
        a.mov(DX, PCI_ADDRESS);
        a.outDx(EAX);
        a.mov(DX, PCI_DATA);
        a.inDx(EAX);
        a.ret();
        a.label("find_end");
    }

    /// Soft off as Sluice's tables say, then as QEMU's do.
    private static void powerOff(Asm a) {
        a.mov(DX, 0x604);
        a.mov(AX, 5 << 10 | 1 << 13);
        a.outDx(AX);
        a.mov(AX, 1 << 13);
        a.outDx(AX);
        a.label("off");
        a.plain(Plain.HLT);
        a.jmp("off");
    }
}
