package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.AL;
import static io.sluice.guest.asm.Reg.AX;
import static io.sluice.guest.asm.Reg.DX;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.EBX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.EDX;
import static io.sluice.guest.asm.Reg.R12;
import static io.sluice.guest.asm.Reg.R13;
import static io.sluice.guest.asm.Reg.R14;
import static io.sluice.guest.asm.Reg.RAX;
import static io.sluice.guest.asm.Reg.RBX;
import static io.sluice.guest.asm.Reg.RCX;
import static io.sluice.guest.asm.Reg.RDI;
import static io.sluice.guest.asm.Reg.RDX;
import static io.sluice.guest.asm.Reg.RSI;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/// The guest's program: greets, tells what machine it finds, and obeys a few commands. Commands come as lines on the
/// serial port and are echoed.
final class HelloKernel {
    /// On the console once commands are taken.
    static final String READY = "hello> ";

    private static final int ADDRESS = 0x10_0000;
    private static final int BSS = 0x20_0000;
    private static final int STACK_TOP = BSS + LongModeEntry.TABLES_BYTES + 0x4000;
    private static final int LINE = 64;

    private static final int SLEEP_PORT = 0x604;
    /// SLP_TYP 5 with SLP_EN: soft off as Sluice's tables say.
    private static final int SOFT_OFF = 5 << 10 | 1 << 13;
    /// What QEMU's machines take for soft off.
    private static final int SOFT_OFF_QEMU = 1 << 13;

    private static final int MAP_LENGTH = 44;
    private static final int MAP_ADDRESS = 48;

    private final Map<String, Consumer<Asm>> commands = new LinkedHashMap<>();

    HelloKernel() {
        commands.put("help", this::help);
        commands.put("cpuid", a -> a.call("show_cpu"));
        commands.put("mem", a -> a.call("show_memory"));
        commands.put("time", HelloKernel::time);
        commands.put("ticks", HelloKernel::ticks);
        commands.put("trap", a -> a.plain(Plain.UD2));
        commands.put("halt", a -> a.jmp("stop"));
        commands.put("reboot", HelloKernel::reboot);
        commands.put("poweroff", HelloKernel::powerOff);
    }

    /// The kernel file.
    byte[] image() {
        var a = new Asm(ADDRESS);
        LongModeEntry.emit(a, BSS, STACK_TOP);
        start(a);
        promptLoop(a);
        table(a);
        showCpu(a);
        showMemory(a);
        twoDigits(a);
        Console.emitSubroutines(a);
        Apic.emitHandlers(a);
        Traps.emit(a);
        var code = a.assemble();
        return MultibootFile.of(ADDRESS, code, STACK_TOP - ADDRESS - code.length);
    }

    private static void start(Asm a) {
        a.label("start64");
        // R12 keeps the multiboot information, R13 the length of the line.
        a.mov(R12, RBX);
        Traps.initialise(a);
        Console.initialise(a);
        Console.print(a, "\r\nhello from bare metal: 64-bit mode, no operating system\r\n");
        a.call("show_cpu");
        a.call("show_memory");
        Apic.initialise(a);
        a.plain(Plain.STI);
        Console.print(a, "timer: ");
        a.mov(EAX, Mem.label("timer_count"));
        a.call("decimal");
        Console.print(a, " counts a tick, " + Apic.RATE + " ticks a second\r\ntype help\r\n");
    }

    private static void promptLoop(Asm a) {
        a.label("prompt");
        Console.print(a, READY);
        a.xor(R13, R13);
        a.label("next_key");
        a.call("getc");
        a.cmp(AL, '\r');
        a.j(Condition.E, "line_done");
        a.cmp(AL, '\n');
        a.j(Condition.E, "line_done");
        a.cmp(AL, 0x7F);
        a.j(Condition.E, "erase");
        a.cmp(AL, '\b');
        a.j(Condition.E, "erase");
        a.cmp(AL, ' ');
        a.j(Condition.B, "next_key");
        a.cmp(R13, LINE - 1);
        a.j(Condition.AE, "next_key");
        a.lea(RSI, Mem.label("line"));
        a.mov(Mem.at(RSI, R13, 1, 0), AL);
        a.inc(R13);
        a.call("putc");
        a.jmp("next_key");
        a.label("erase");
        a.test(R13, R13);
        a.j(Condition.E, "next_key");
        a.dec(R13);
        Console.print(a, "\b \b");
        a.jmp("next_key");
        a.label("line");
        a.space(LINE);
    }

    /// Compares the line with each command's name and jumps to the one that is equal.
    private void table(Asm a) {
        a.label("line_done");
        Console.print(a, "\r\n");
        a.lea(RSI, Mem.label("line"));
        a.mov(Mem.at(RSI, R13, 1, 0).bytes1(), 0);
        a.test(R13, R13);
        a.j(Condition.E, "prompt");
        for (String name : commands.keySet()) {
            a.lea(RSI, Mem.label("line"));
            a.lea(RDI, Mem.label("name_" + name));
            a.call("same");
            a.j(Condition.E, "do_" + name);
        }
        Console.print(a, "no such command; type help\r\n");
        a.jmp("prompt");
        commands.forEach((name, body) -> {
            a.label("name_" + name);
            a.text(name);
            a.label("do_" + name);
            body.accept(a);
            a.jmp("prompt");
        });

        a.label("same");
        a.plain(Plain.LODSB);
        a.cmp(AL, Mem.at(RDI));
        a.j(Condition.NE, "same_end");
        a.inc(RDI);
        a.test(AL, AL);
        a.j(Condition.NE, "same");
        a.label("same_end");
        a.ret();
    }

    private void help(Asm a) {
        Console.print(a, "commands: " + String.join(", ", commands.keySet()) + "\r\n");
    }

    /// Vendor and brand text, as far as CPUID has them.
    private static void showCpu(Asm a) {
        a.label("show_cpu");
        Console.print(a, "cpu: ");
        a.xor(EAX, EAX);
        a.plain(Plain.CPUID);
        a.lea(RSI, Mem.label("cpu_text"));
        a.mov(Mem.at(RSI), EBX);
        a.mov(Mem.at(RSI, 4), EDX);
        a.mov(Mem.at(RSI, 8), ECX);
        a.mov(Mem.at(RSI, 12).bytes4(), 0);
        a.call("puts");
        a.mov(EAX, 0x8000_0000L);
        a.plain(Plain.CPUID);
        a.cmp(EAX, (int) 0x8000_0004L);
        a.j(Condition.B, "no_brand");
        Console.print(a, ", ");
        a.lea(RDI, Mem.label("cpu_text"));
        for (int leaf = 2; leaf <= 4; leaf++) {
            a.mov(EAX, 0x8000_0000L + leaf);
            a.plain(Plain.CPUID);
            int at = 16 * (leaf - 2);
            a.mov(Mem.at(RDI, at), EAX);
            a.mov(Mem.at(RDI, at + 4), EBX);
            a.mov(Mem.at(RDI, at + 8), ECX);
            a.mov(Mem.at(RDI, at + 12), EDX);
        }
        a.mov(RSI, RDI);
        a.call("puts");
        a.label("no_brand");
        Console.print(a, "\r\n");
        a.ret();
        a.label("cpu_text");
        a.space(52);
    }

    /// The usable ranges of the multiboot memory map, and their sum.
    private static void showMemory(Asm a) {
        a.label("show_memory");
        a.mov(EBX, Mem.at(R12, MAP_ADDRESS));
        a.mov(EAX, Mem.at(R12, MAP_LENGTH));
        a.lea(R13, Mem.at(RBX, RAX, 1, 0));
        a.xor(R14, R14);
        a.label("next_range");
        a.cmp(RBX, R13);
        a.j(Condition.AE, "ranges_done");
        a.cmp(Mem.at(RBX, 20).bytes4(), 1);
        a.j(Condition.NE, "skip_range");
        Console.print(a, "ram: 0x");
        a.mov(RAX, Mem.at(RBX, 4));
        a.call("hex");
        Console.print(a, " + ");
        a.mov(RAX, Mem.at(RBX, 12));
        a.add(R14, RAX);
        a.shr(RAX, 10);
        a.call("decimal");
        Console.print(a, " KiB\r\n");
        a.label("skip_range");
        a.mov(EAX, Mem.at(RBX));
        a.lea(RBX, Mem.at(RBX, RAX, 1, 4));
        a.jmp("next_range");
        a.label("ranges_done");
        Console.print(a, "ram: ");
        a.mov(RAX, R14);
        a.shr(RAX, 20);
        a.call("decimal");
        Console.print(a, " MiB usable\r\n");
        a.ret();
    }

    /// Hours, minutes and seconds of the RTC, which counts in BCD.
    private static void time(Asm a) {
        a.label("rtc_again");
        a.mov(AL, 0x0A);
        a.out(0x70, AL);
        a.in(AL, 0x71);
        a.test(AL, 0x80);
        a.j(Condition.NE, "rtc_again");
        int[] registers = {4, 2, 0};
        for (int i = 0; i < registers.length; i++) {
            a.mov(AL, registers[i]);
            a.out(0x70, AL);
            a.in(AL, 0x71);
            a.call("two_digits");
            Console.print(a, i < 2 ? ":" : " UTC\r\n");
        }
    }

    private static void twoDigits(Asm a) {
        a.label("two_digits");
        a.movzx(EBX, AL);
        a.mov(EAX, EBX);
        a.shr(EAX, 4);
        a.add(EAX, '0');
        a.call("putc");
        a.mov(EAX, EBX);
        a.and(EAX, 15);
        a.add(EAX, '0');
        a.call("putc");
        a.ret();
    }

    private static void ticks(Asm a) {
        a.mov(RAX, Mem.label("ticks"));
        a.call("decimal");
        Console.print(a, " ticks, ");
        a.mov(RAX, Mem.label("ticks"));
        a.xor(EDX, EDX);
        a.mov(RCX, Apic.RATE);
        a.div(RCX);
        a.mov(RBX, RDX);
        a.call("decimal");
        Console.print(a, " seconds\r\n");
    }

    /// The reset register, the keyboard controller, and at last a triple fault.
    private static void reboot(Asm a) {
        a.mov(DX, 0xCF9);
        a.mov(AL, 6);
        a.outDx(AL);
        a.mov(AL, 0xFE);
        a.out(0x64, AL);
        a.lidt(Mem.label("nothing"));
        a.plain(Plain.INT3);
        a.label("nothing");
        a.space(10);
    }

    private static void powerOff(Asm a) {
        a.mov(DX, SLEEP_PORT);
        a.mov(AX, SOFT_OFF);
        a.outDx(AX);
        a.mov(AX, SOFT_OFF_QEMU);
        a.outDx(AX);
        // The machine may take a moment.
        a.mov(RBX, Mem.label("ticks"));
        a.add(RBX, Apic.RATE);
        a.label("still_on");
        a.plain(Plain.HLT);
        a.cmp(RBX, Mem.label("ticks"));
        a.j(Condition.AE, "still_on");
        Console.print(a, "the machine stays on\r\n");
    }
}
