package io.sluice.vmm.testkit;

import static io.sluice.vmm.testkit.MachineCode.RAX;
import static io.sluice.vmm.testkit.MachineCode.RBX;
import static io.sluice.vmm.testkit.MachineCode.RDI;
import static io.sluice.vmm.testkit.MachineCode.RDX;
import static io.sluice.vmm.testkit.MachineCode.RSI;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The program that runs instructions on the host's CPU: an ELF executable for Linux, made here byte by byte, so that
/// no
/// compiler is needed and no fault of the instruction under test can hurt the JVM.
///
/// It maps the file that it is given (slots, see [HostCpu]), and for each slot enters the state in it by
/// `rt_sigreturn`:
/// the kernel loads every register, x87 and SSE included. All code around the instruction is INT3, so the instruction
/// is
/// always followed by a signal, whether it completes, branches or faults; the handler stores the state that the kernel
/// saved back into the slot.
final class HostRunner {
    // Addresses that no edge value of a random state is near to.
    static final int SHARED = 0x1234_0000;
    static final int SHARED_SIZE = 0x80_0000;
    static final int CODE = 0x2345_0000;
    static final int CODE_SIZE = 0x1_0000;
    /// Where the instruction stands: INT3 all around it.
    static final int INSTRUCTION = CODE + 0x8000;
    /// One page of data; the pages around it are not mapped.
    static final int DATA = 0x3456_0000;

    static final int PAGE = 0x1000;
    /// The part of the data page that a test fills and compares: its end.
    static final int WINDOW_SIZE = 1024;

    static final int WINDOW = DATA + PAGE - WINDOW_SIZE;
    static final int SIGNAL_STACK = 0x4567_0000;
    static final int SIGNAL_STACK_SIZE = 0x2_0000;

    static final int SLOT_SIZE = 2048;
    static final int SLOT_REGISTERS = 40;
    static final int SLOT_FS_BASE = 320;
    static final int SLOT_GS_BASE = 328;
    static final int SLOT_SIGNAL = 336;
    /// ES, CS, SS, DS, FS, GS, 16 bits each.
    static final int SLOT_SELECTORS = 344;

    static final int SLOT_FPU = 384;
    static final int SLOT_CODE = 896;
    static final int SLOT_CODE_SIZE = 16;
    static final int SLOT_MEMORY = 1024;
    /// `uc_stack`, which `rt_sigreturn` takes as the signal stack from then on.
    static final int SLOT_STACK = 16;

    /// Header of the shared file: slots left, address of the current slot.
    private static final int REMAINING = SHARED;

    private static final int CURRENT = SHARED + 8;
    static final int SLOTS = PAGE;

    private static final int LOAD_ADDRESS = 0x5678_0000;
    private static final int ELF_HEADERS = 64 + 56;
    /// `struct sigaltstack` and `struct sigaction`, behind the code.
    private static final int TABLES = LOAD_ADDRESS + 0x800;

    private static final int[] SIGNALS = {4, 5, 7, 8, 11};

    /// Linux's selector of user data; a 64-bit program starts without one.
    private static final int USER_DATA = 0x2B;

    private static final int READ_WRITE = 3;
    private static final int READ_WRITE_EXECUTE = 7;
    private static final int SHARED_FIXED = 0x11;
    private static final int PRIVATE_ANONYMOUS_FIXED = 0x32;

    private HostRunner() {}

    /// Mapped, but not part of a test's state.
    static boolean isPrivate(long address) {
        return isIn(address, SHARED, SHARED_SIZE)
                || isIn(address, SIGNAL_STACK, SIGNAL_STACK_SIZE)
                || isIn(address, LOAD_ADDRESS, PAGE)
                || isIn(address, CODE, CODE_SIZE)
                || isIn(address, DATA, PAGE - WINDOW_SIZE);
    }

    private static boolean isIn(long address, long first, int size) {
        // A little more: operands have lengths.
        return address >= first - 1024 && address < first + size;
    }

    static byte[] elf() {
        var program = program();
        byte[] code = program.bytes();
        ByteBuffer elf = ByteBuffer.allocate(0x1000).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
        elf.putShort((short) 2).putShort((short) 62).putInt(1).putLong(LOAD_ADDRESS + ELF_HEADERS);
        elf.putLong(64).putLong(0).putInt(0).putShort((short) 64).putShort((short) 56);
        elf.putShort((short) 1).position(64);
        elf.putInt(1)
                .putInt(READ_WRITE_EXECUTE)
                .putLong(0)
                .putLong(LOAD_ADDRESS)
                .putLong(LOAD_ADDRESS);
        elf.putLong(0x1000).putLong(0x1000).putLong(PAGE);
        elf.put(code);
        elf.position(TABLES - LOAD_ADDRESS);
        elf.putLong(SIGNAL_STACK).putLong(0).putLong(SIGNAL_STACK_SIZE);
        // SA_SIGINFO, SA_ONSTACK, SA_NODEFER, SA_RESTORER
        elf.putLong(LOAD_ADDRESS + ELF_HEADERS + program.offsetOf("handler"))
                .putLong(0x4 | 0x0800_0000 | 0x4000_0000 | 0x0400_0000);
        elf.putLong(0).putLong(0);
        return elf.array();
    }

    private static MachineCode program() {
        var m = new MachineCode();
        m.hex("488b7c2410").move(RSI, 2).syscall(2); // open(argv[1], O_RDWR)
        m.hex("4989c0");
        map(m, SHARED, SHARED_SIZE, READ_WRITE, SHARED_FIXED);
        m.hex("4983c8ff");
        map(m, CODE, CODE_SIZE, READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS_FIXED);
        map(m, DATA, PAGE, READ_WRITE, PRIVATE_ANONYMOUS_FIXED);
        map(m, SIGNAL_STACK, SIGNAL_STACK_SIZE, READ_WRITE, PRIVATE_ANONYMOUS_FIXED);
        m.move(RDI, CODE).move(MachineCode.RCX, CODE_SIZE).move(RAX, 0xCC).hex("f3aa");
        m.move(RDI, TABLES).move(RSI, 0).syscall(131);
        for (int signal : SIGNALS) {
            m.move(RDI, signal)
                    .move(RSI, TABLES + 24)
                    .move(RDX, 0)
                    .hex("41ba08000000")
                    .syscall(13);
        }
        batches(m);
        handler(m);
        return m;
    }

    /// `mmap(address, size, protection, flags, r8, 0)`.
    private static void map(MachineCode m, int address, int size, int protection, int flags) {
        m.move(RDI, address).move(RSI, size).move(RDX, protection);
        m.hex("41ba").hex(littleEndian(flags)).hex("4531c9").syscall(9);
    }

    private static String littleEndian(int value) {
        return "%08x".formatted(Integer.reverseBytes(value));
    }

    private static void batches(MachineCode m) {
        m.label("batch").move(RDI, 0).move(RSI, REMAINING).move(RDX, 8).syscall(0);
        m.hex("4883f808").jumpIfNotEqual("exit");
        alarm(m, 60);
        m.move(RAX, SHARED + SLOTS).store(CURRENT, RAX);
        m.label("next").load(RAX, REMAINING).hex("4885c0").jumpIfEqual("done");
        m.load(RBX, CURRENT);
        m.leaFromRbx(RSI, SLOT_MEMORY).move(RDI, WINDOW).copy(WINDOW_SIZE);
        m.leaFromRbx(RSI, SLOT_CODE).move(RDI, INSTRUCTION).copy(SLOT_CODE_SIZE);
        m.leaFromRbx(RSI, SLOT_FS_BASE).hex("488b36").move(RDI, 0x1002).syscall(158);
        m.leaFromRbx(RSI, SLOT_GS_BASE).hex("488b36").move(RDI, 0x1001).syscall(158);
        m.move(RAX, USER_DATA).hex("8ed8 8ec0"); // mov ds, eax; mov es, eax
        m.hex("4889dc").syscall(15); // rt_sigreturn with the frame at rsp
        m.label("done");
        alarm(m, 0);
        m.move(RDI, 1).move(RSI, REMAINING).move(RDX, 8).syscall(1).jump("batch");
        m.label("exit").move(RDI, 0).syscall(60);
    }

    /// An endless instruction must not hang the test; between two batches as much time may pass as will. 0 for none.
    private static void alarm(MachineCode m, int seconds) {
        m.move(RDI, seconds).syscall(37);
    }

    /// `mov [rbx + n], sreg` for those that the signal frame does not hold.
    private static void storeSelectors(MachineCode m) {
        for (int segment : new int[] {0, 3, 4, 5}) {
            m.hex("8c").hex("%02x".formatted(0x83 | segment << 3)).hex(littleEndian(SLOT_SELECTORS + 2 * segment));
        }
    }

    private static void handler(MachineCode m) {
        m.label("handler").hex("6a029d"); // push 2; popfq: NT, ID and AC would stay
        m.load(RBX, CURRENT).hex("4989d4"); // r12 = ucontext
        m.hex("4889bb").hex(littleEndian(SLOT_SIGNAL));
        storeSelectors(m);
        m.hex("498d7424")
                .hex("%02x".formatted(SLOT_REGISTERS))
                .leaFromRbx(RDI, SLOT_REGISTERS)
                .copy(23 * 8);
        m.hex("498bb424")
                .hex(littleEndian(SLOT_REGISTERS + 23 * 8))
                .leaFromRbx(RDI, SLOT_FPU)
                .copy(512);
        m.move(RSI, WINDOW).leaFromRbx(RDI, SLOT_MEMORY).copy(WINDOW_SIZE);
        m.leaFromRbx(RSI, SLOT_FS_BASE).move(RDI, 0x1003).syscall(158);
        m.leaFromRbx(RSI, SLOT_GS_BASE).move(RDI, 0x1004).syscall(158);
        m.load(RAX, CURRENT).hex("4805").hex(littleEndian(SLOT_SIZE)).store(CURRENT, RAX);
        m.load(RAX, REMAINING).hex("48ffc8").store(REMAINING, RAX).jump("next");
    }
}
