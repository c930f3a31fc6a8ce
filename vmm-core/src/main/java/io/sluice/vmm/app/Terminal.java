package io.sluice.vmm.app;

import io.sluice.vmm.posix.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/// Standard input as a raw terminal: each key goes to the guest as it is pressed. The settings of before come back on
/// [#close], and by a shutdown hook on every end that the JVM survives to see: `System.exit`, an uncaught exception,
/// SIGINT, SIGTERM and SIGHUP.
final class Terminal implements AutoCloseable {
    /// `struct termios` of Linux on x86-64: c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc[32], two speeds.
    private static final int TERMIOS_BYTES = 60;

    private static final int IFLAG = 0;
    private static final int OFLAG = 4;
    private static final int CFLAG = 8;
    private static final int LFLAG = 12;
    private static final int CC = 17;

    private static final int VQUIT = 1;
    private static final int VTIME = 5;
    private static final int VMIN = 6;
    private static final int VSUSP = 10;

    /// IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL, IXON.
    private static final int INPUT_TRANSLATION = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400;

    /// OPOST stays on, so that lines of our own messages start at the left.
    private static final int OPOST = 0x1;

    /// CSIZE, PARENB.
    private static final int CHARACTER_SIZE = 0x30 | 0x100;

    private static final int CS8 = 0x30;

    /// ICANON, ECHO, ECHONL, IEXTEN.
    private static final int LINE_EDITING = 0x2 | 0x8 | 0x40 | 0x8000;

    private static final int ISIG = 0x1;

    private final MemorySegment before;
    private final Thread hook = new Thread(this::restore, "terminal-restore");
    private boolean restored;

    private Terminal(MemorySegment before) {
        this.before = before;
    }

    /// Takes the terminal, or returns null if standard input is none.
    ///
    /// @param interrupts whether Ctrl-C still interrupts this process; the other signal keys go to the guest always
    static @Nullable Terminal takeOver(boolean interrupts) {
        var before = Arena.global().allocate(TERMIOS_BYTES, 4);
        if (!Libc.isTerminal(Libc.STDIN) || !Libc.getTerminal(Libc.STDIN, before)) {
            return null;
        }
        var terminal = new Terminal(before);
        Runtime.getRuntime().addShutdownHook(terminal.hook);
        Libc.setTerminal(Libc.STDIN, raw(before, interrupts));
        return terminal;
    }

    private static MemorySegment raw(MemorySegment before, boolean interrupts) {
        var raw = Arena.ofAuto().allocate(TERMIOS_BYTES, 4).copyFrom(before);
        change(raw, IFLAG, INPUT_TRANSLATION, 0);
        change(raw, OFLAG, 0, OPOST);
        change(raw, CFLAG, CHARACTER_SIZE, CS8);
        change(raw, LFLAG, LINE_EDITING | (interrupts ? 0 : ISIG), 0);
        raw.set(ValueLayout.JAVA_BYTE, CC + VMIN, (byte) 1);
        raw.set(ValueLayout.JAVA_BYTE, CC + VTIME, (byte) 0);
        // Ctrl-\ would make the JVM print its threads into the guest's console, Ctrl-Z would leave the shell raw.
        raw.set(ValueLayout.JAVA_BYTE, CC + VQUIT, (byte) 0);
        raw.set(ValueLayout.JAVA_BYTE, CC + VSUSP, (byte) 0);
        return raw;
    }

    private static void change(MemorySegment termios, int field, int clear, int set) {
        termios.set(ValueLayout.JAVA_INT, field, termios.get(ValueLayout.JAVA_INT, field) & ~clear | set);
    }

    private synchronized void restore() {
        if (!restored) {
            restored = true;
            Libc.setTerminal(Libc.STDIN, before);
        }
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending; the hook finds the terminal restored.
        }
    }
}
