package io.sluice.guest.userland;

import static io.sluice.guest.asm.Reg.AL;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.EDI;
import static io.sluice.guest.asm.Reg.EDX;
import static io.sluice.guest.asm.Reg.R12;
import static io.sluice.guest.asm.Reg.R13;
import static io.sluice.guest.asm.Reg.R14;
import static io.sluice.guest.asm.Reg.RAX;
import static io.sluice.guest.asm.Reg.RBX;
import static io.sluice.guest.asm.Reg.RCX;
import static io.sluice.guest.asm.Reg.RDI;
import static io.sluice.guest.asm.Reg.RSI;
import static io.sluice.guest.asm.Reg.RSP;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import java.nio.charset.StandardCharsets;

/// Two programs on a `ring` device without a driver of it in the kernel: `ring-demo DIRECTORY`, where DIRECTORY is the
/// device's in sysfs.
///
/// The owner is root. It maps BAR 0, finds where its memory is, makes two clients and their keys, and lets another
/// process have the second. That one maps its own doorbell page, gives up everything else, and is then user 1000: from
/// there on it fills, copies, compares and sums by the device alone, a system call only to yield. It also tries what it
/// must not. A real owner would be a driver, which pins memory; here the pages are locked, and of one moment.
///
/// In registers throughout: R12 the owner's page, R13 the memory, R14 the doorbell page, RBX the round.
public final class RingProgram {
    /// What it says in the end, on its standard output.
    public static final String GOOD = "ring-demo: 800 commands well, 4 refused as they must be";

    /// Rounds of four commands: rings of 64 wrap 12 times.
    private static final int ROUNDS = 200;

    private static final int PAGE = 4096;
    private static final int LOG_RING = 6;
    private static final int RING = 1 << LOG_RING;
    /// Pages of the memory: the client's two rings, what it may read, what it may write, then another client's.
    private static final int COMMANDS = 0;

    private static final int COMPLETIONS = 1;
    private static final int SOURCE = 2;
    private static final int TARGET = 3;
    private static final int OTHERS = 4;
    private static final int PAGES = 8;

    private static final int COPY = 1;
    private static final int FILL = 2;
    private static final int COMPARE = 3;
    private static final int CRC = 4;
    private static final int BAD_OPCODE = 2;
    private static final int BAD_KEY = 5;
    private static final int BAD_RANGE = 6;
    private static final int NO_RIGHT = 7;

    /// Offsets in the owner's page and in a doorbell page, as docs/devices/ring.md has them.
    private static final int IDENTITY = 0x00;

    private static final int CONTROL = 0x14;
    private static final int CLIENT = 0x40;
    private static final int SHAPE = 0x44;
    private static final int RINGS = 0x48;
    private static final int KEY = 0x58;
    private static final int RIGHTS = 0x5C;
    private static final int FIRST = 0x60;
    private static final int LENGTH = 0x68;
    private static final int ORDER = 0x70;
    private static final int RESULT = 0x74;
    private static final int TAIL = 0x00;
    private static final int SEEN = 0x04;
    private static final int STATE = 0x0C;

    private static final int MOST_CHECKS = 99;
    private static final String BAD = "ring-demo: not so at check ";

    private final Asm a = new Asm(StaticElf.ORIGIN);
    private int checks;

    private RingProgram() {}

    /// The program's file.
    public static byte[] elf() {
        return StaticElf.of(new RingProgram().code());
    }

    private byte[] code() {
        open();
        memory();
        owner();
        Linux.FORK.call(a);
        a.test(RAX, RAX);
        a.j(Condition.E, "client");
        parent();
        client();
        submit();
        await();
        end();
        data();
        if (checks > MOST_CHECKS) {
            throw new IllegalStateException("the program says a check's number in two digits");
        }
        return a.assemble();
    }

    /// Goes on if the flags say `good`; else the program ends with the number of this check.
    private void require(Condition good) {
        int number = ++checks;
        a.j(good, "check_" + number);
        a.mov(EDI, number);
        a.jmp("fail");
        a.label("check_" + number);
    }

    private void requireCall(Linux call, Object... arguments) {
        call.call(a, arguments);
        a.test(RAX, RAX);
        require(Condition.NS);
    }

    /// Maps the owner's page; the device answers there and may reach memory.
    private void open() {
        a.mov(RSI, Mem.at(RSP, 16));
        requireCall(Linux.CHDIR, RSI);
        requireCall(Linux.OPEN, "config", Linux.O_RDWR);
        a.mov(RBX, RAX);
        requireCall(Linux.PREAD64, RBX, "word", 2, 4);
        a.or(Mem.label("word").bytes2(), 0x0006);
        requireCall(Linux.PWRITE64, RBX, "word", 2, 4);
        requireCall(Linux.CLOSE, RBX);
        requireCall(Linux.OPEN, "resource0", Linux.O_RDWR | Linux.O_SYNC);
        requireCall(Linux.MMAP, 0, PAGE, Linux.PROT_READ_WRITE, Linux.MAP_SHARED, RAX, 0);
        a.mov(R12, RAX);
        requireCall(Linux.OPEN, "resource2", Linux.O_RDWR | Linux.O_SYNC);
        a.mov(Mem.label("doorbells"), RAX);
        a.cmp(Mem.at(R12, IDENTITY).bytes4(), 0x474E_4952);
        require(Condition.E);
    }

    /// Memory that both processes will have, and where each of its pages is.
    private void memory() {
        int flags = Linux.MAP_SHARED | Linux.MAP_ANONYMOUS | Linux.MAP_POPULATE;
        requireCall(Linux.MMAP, 0, PAGES * PAGE, Linux.PROT_READ_WRITE, flags, -1, 0);
        a.mov(R13, RAX);
        requireCall(Linux.MLOCK, R13, PAGES * PAGE);
        requireCall(Linux.OPEN, "pagemap", 0);
        a.mov(RBX, RAX);
        a.mov(RAX, R13);
        a.shr(RAX, 9);
        requireCall(Linux.PREAD64, RBX, "frames", 8 * PAGES, RAX);
        for (int page = 0; page < PAGES; page++) {
            a.mov(RAX, Mem.label("frames").plus(8L * page));
            a.bt(RAX, 63);
            require(Condition.B);
            a.shl(RAX, 12);
            a.mov(Mem.label("frames").plus(8L * page), RAX);
        }
        requireCall(Linux.CLOSE, RBX);
    }

    private void order(int order) {
        a.mov(Mem.at(R12, ORDER).bytes4(), order);
        a.cmp(Mem.at(R12, RESULT).bytes4(), 0);
        require(Condition.E);
    }

    /// From a page's frame to a register of the owner's page. What PFN has no frame number means is none.
    private void place(int register, int page) {
        a.mov(RAX, Mem.label("frames").plus(8L * page));
        a.test(RAX, RAX);
        require(Condition.NE);
        a.mov(Mem.at(R12, register), RAX);
    }

    private void create(int client, int commands, int completions) {
        a.mov(Mem.at(R12, CLIENT).bytes4(), client);
        a.mov(Mem.at(R12, SHAPE).bytes4(), LOG_RING | LOG_RING << 8);
        place(RINGS, commands);
        place(RINGS + 8, completions);
        order(1);
    }

    private void register(int page, int rights, String key) {
        place(FIRST, page);
        a.mov(RAX, PAGE);
        a.mov(Mem.at(R12, LENGTH), RAX);
        a.mov(Mem.at(R12, RIGHTS).bytes4(), rights);
        order(3);
        a.mov(EAX, Mem.at(R12, KEY));
        a.mov(Mem.label(key), EAX);
    }

    /// Another client with a key of its own, and the client that the other process will be.
    private void owner() {
        a.mov(Mem.at(R12, CONTROL).bytes4(), 1L << 31);
        a.mov(Mem.at(R12, CONTROL).bytes4(), 1);
        create(0, OTHERS, OTHERS + 1);
        register(OTHERS + 2, 3, "key_others");
        create(1, COMMANDS, COMPLETIONS);
        register(SOURCE, 1, "key_source");
        register(TARGET, 3, "key_target");
    }

    /// Waits for the client, takes the device's client away, and sees that its doorbell is dead.
    private void parent() {
        requireCall(Linux.WAIT4, -1, "word", 0, 0);
        a.cmp(Mem.label("word").bytes4(), 0);
        require(Condition.E);
        requireCall(Linux.MMAP, 0, PAGE, Linux.PROT_READ_WRITE, Linux.MAP_SHARED, Mem.label("doorbells"), PAGE);
        a.mov(R14, RAX);
        a.cmp(Mem.at(R14, STATE).bytes4(), 1);
        require(Condition.E);
        order(2);
        a.mov(Mem.at(R14, TAIL).bytes4(), 5);
        a.cmp(Mem.at(R14, STATE).bytes4(), 0);
        require(Condition.E);
        a.cmp(Mem.at(R14, TAIL).bytes4(), 0);
        require(Condition.E);
        Linux.WRITE.call(a, 1, "good", GOOD.length() + 1);
        Linux.EXIT_GROUP.call(a, 0);
    }

    /// Has its doorbell page and its memory, and nothing else of the device.
    private void client() {
        a.label("client");
        requireCall(Linux.MMAP, 0, PAGE, Linux.PROT_READ_WRITE, Linux.MAP_SHARED, Mem.label("doorbells"), PAGE);
        a.mov(R14, RAX);
        requireCall(Linux.MUNMAP, R12, PAGE);
        requireCall(Linux.CLOSE, Mem.label("doorbells"));
        requireCall(Linux.SETUID, 1000);
        a.mov(RBX, ROUNDS);
        a.label("round");
        round();
        a.dec(RBX);
        a.j(Condition.NE, "round");
        command(COPY, 8, "key_source", "key_others", 0, BAD_KEY);
        command(FILL, 8, "key_source", "key_source", 0, NO_RIGHT);
        command(FILL, 2, "key_source", "key_target", PAGE - 1, BAD_RANGE);
        command(255, 0, "key_source", "key_target", 0, BAD_OPCODE);
        Linux.EXIT_GROUP.call(a, 0);
    }

    private void round() {
        // What the processor writes, the device copies.
        a.lea(RDI, Mem.at(R13, SOURCE * PAGE));
        a.imul(RAX, RBX);
        a.mov(ECX, PAGE / 8);
        a.label("pattern");
        a.add(RAX, RCX);
        a.rol(RAX, 7);
        a.mov(Mem.at(RDI), RAX);
        a.add(RDI, 8);
        a.dec(RCX);
        a.j(Condition.NE, "pattern");
        command(COPY, PAGE, "key_source", "key_target", 0, 0);
        a.mov(ECX, PAGE / 8);
        a.label("copied");
        a.mov(RAX, Mem.at(R13, RCX, 8, SOURCE * PAGE - 8));
        a.cmp(RAX, Mem.at(R13, RCX, 8, TARGET * PAGE - 8));
        require(Condition.E);
        a.dec(RCX);
        a.j(Condition.NE, "copied");
        command(COMPARE, PAGE, "key_source", "key_target", 0, 0);
        command(CRC, PAGE, "key_target", "key_target", 0, 0);
        checkSum();
        a.mov(Mem.label("operand"), RBX);
        command(FILL, PAGE, "key_target", "key_target", 0, 0);
        a.mov(ECX, PAGE / 8);
        a.label("filled");
        a.cmp(RBX, Mem.at(R13, RCX, 8, TARGET * PAGE - 8));
        require(Condition.E);
        a.dec(RCX);
        a.j(Condition.NE, "filled");
    }

    /// The device's CRC-32C, in EAX, and the processor's.
    private void checkSum() {
        a.mov(EDX, EAX);
        a.lea(RSI, Mem.at(R13, SOURCE * PAGE));
        a.mov(EAX, 0xFFFF_FFFFL);
        a.mov(ECX, PAGE / 8);
        a.label("sum");
        a.db(0xF2, 0x48, 0x0F, 0x38, 0xF1, 0x06); // crc32 rax, qword [rsi]
        a.add(RSI, 8);
        a.dec(RCX);
        a.j(Condition.NE, "sum");
        a.not(EAX);
        a.cmp(EAX, EDX);
        require(Condition.E);
    }

    /// Submits a command and waits; the result is in EAX.
    private void command(int opcode, int length, String source, String target, int targetOffset, int status) {
        a.mov(Mem.label("packet").bytes4(), opcode);
        a.mov(Mem.label("packet").plus(4).bytes4(), length);
        a.mov(EAX, Mem.label(source));
        a.mov(Mem.label("packet").plus(8), EAX);
        a.mov(EAX, Mem.label(target));
        a.mov(Mem.label("packet").plus(12), EAX);
        a.mov(Mem.label("packet").plus(24).bytes8(), targetOffset);
        a.call("submit");
        a.call("await");
        a.cmp(EDX, status);
        require(Condition.E);
    }

    /// The packet into the ring with this pass's phase, and the doorbell.
    private void submit() {
        a.label("submit");
        a.mov(EDX, Mem.label("tail"));
        a.mov(EAX, EDX);
        a.shl(EAX, 6);
        a.lea(RDI, Mem.at(R13, RAX, 1, COMMANDS * PAGE));
        a.mov(EAX, Mem.label("phase"));
        a.mov(Mem.label("packet").plus(1), AL);
        a.lea(RSI, Mem.label("packet"));
        a.mov(ECX, 64);
        a.plain(Plain.REP_MOVSB);
        a.inc(EDX);
        a.and(EDX, RING - 1);
        a.mov(Mem.label("tail"), EDX);
        a.j(Condition.NE, "submitted");
        a.xor(Mem.label("phase").bytes4(), 0x80);
        a.label("submitted");
        a.mov(Mem.at(R14, TAIL), EDX);
        a.ret();
    }

    /// The next completion: its status in EDX, its result in EAX.
    private void await() {
        a.label("await");
        a.mov(Mem.label("patience").bytes4(), 4_000_000);
        a.label("look");
        a.mov(ECX, Mem.label("seen"));
        a.shl(ECX, 4);
        a.lea(RSI, Mem.at(R13, RCX, 1, COMPLETIONS * PAGE));
        a.movzx(EAX, Mem.at(RSI, 15).bytes1());
        a.cmp(EAX, Mem.label("posted_phase"));
        a.j(Condition.E, "there");
        a.dec(Mem.label("patience").bytes4());
        require(Condition.NE);
        Linux.SCHED_YIELD.call(a);
        a.jmp("look");
        a.label("there");
        a.mov(EAX, Mem.at(RSI));
        a.movzx(EDX, Mem.at(RSI, 14).bytes1());
        a.mov(ECX, Mem.label("seen"));
        a.inc(ECX);
        a.and(ECX, RING - 1);
        a.mov(Mem.label("seen"), ECX);
        a.j(Condition.NE, "taken");
        a.xor(Mem.label("posted_phase").bytes4(), 1);
        a.label("taken");
        a.mov(Mem.at(R14, SEEN), ECX);
        a.ret();
    }

    /// Ends with the number in EDI, and says it.
    private void end() {
        a.label("fail");
        a.mov(RBX, RDI);
        a.mov(EAX, EDI);
        a.xor(EDX, EDX);
        a.mov(ECX, 10);
        a.div(ECX);
        a.add(EAX, '0');
        a.add(EDX, '0');
        a.mov(Mem.label("digits"), AL);
        a.mov(EAX, EDX);
        a.mov(Mem.label("digits").plus(1), AL);
        Linux.WRITE.call(a, 2, "bad", BAD.length() + 3);
        Linux.EXIT_GROUP.call(a, RBX);
    }

    private void data() {
        a.label("config");
        a.text("config");
        a.label("resource0");
        a.text("resource0");
        a.label("resource2");
        a.text("resource2");
        a.label("pagemap");
        a.text("/proc/self/pagemap");
        a.label("good");
        a.text(GOOD + "\n");
        a.label("bad");
        a.db(BAD.getBytes(StandardCharsets.US_ASCII));
        a.label("digits");
        a.text("00\n");
        a.align(8);
        a.label("packet");
        a.space(32);
        a.label("operand");
        a.space(32);
        a.label("frames");
        a.space(8 * PAGES);
        for (var name :
                new String[] {"word", "doorbells", "key_others", "key_source", "key_target", "tail", "seen", "patience"
                }) {
            a.label(name);
            a.dq(0);
        }
        a.label("phase");
        a.dq(0x80);
        a.label("posted_phase");
        a.dq(1);
    }
}
