package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.testkit.NoInterrupts;
import io.sluice.vmm.trace.Trace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/// A 64-bit guest at [#CODE] with 2 MiB of identity-mapped memory, an interrupt handler that returns (vector 0x20) and
/// handlers for #UD, #GP and #PF that halt; and what its vCPU tells.
final class TracedGuest implements AutoCloseable {
    static final int CODE = 0x8000;
    private static final int RAM_BYTES = 2 << 20;
    private static final int GDT = 0x3000;
    private static final int IDT = 0x4000;
    private static final int RETURNS = 0x5000;
    private static final int HALTS = 0x5010;
    private static final int TABLES = 0x1_0000;
    private static final int STACK = 0x2_0000;

    final Trace trace;
    final Interpreter interpreter;
    private final StringBuffer log = new StringBuffer();
    private final GuestRam ram = GuestRam.allocate(RAM_BYTES);

    /// @param code hexadecimal
    TracedGuest(String code) {
        trace = new Trace(
                "guest", told -> log.append(told.text()).append(told.text().endsWith("\n") ? "" : "\n"));
        var memory = new AddressSpace("memory", (1L << 40) - 1);
        memory.mapRam(0, RAM_BYTES, ram, 0, true);
        interpreter =
                new Interpreter(new Core(memory, new AddressSpace("io", 0xFFFF), new NoInterrupts(trace)), memory);
        interpreter.reset();
        bytes(CODE, code);
        bytes(RETURNS, "48CF");
        bytes(HALTS, "F4");
        word(GDT + 8, 0x00AF_9B00_0000_FFFFL);
        word(GDT + 16, 0x00CF_9300_0000_FFFFL);
        gate(0x20, RETURNS);
        gate(6, HALTS);
        gate(13, HALTS);
        gate(14, HALTS);
        word(TABLES, TABLES + 0x1003);
        word(TABLES + 0x1000, TABLES + 0x2003);
        word(TABLES + 0x2000, 0x83);
        load();
    }

    private void bytes(int at, String hex) {
        ram.write(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private void word(int at, long value) {
        var bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value);
        ram.write(at, bytes.array());
    }

    private void gate(int vector, int handler) {
        word(IDT + 16 * vector, handler | 8 << 16 | 0x8E00L << 32);
    }

    private void load() {
        var s = interpreter.core().state;
        s.cr0 = 0x8000_0031L;
        s.cr3 = TABLES;
        s.cr4 = 0x620;
        s.efer = 0x500;
        s.gdtBase = GDT;
        s.gdtLimit = 23;
        s.idtBase = IDT;
        s.idtLimit = 0xFFF;
        for (var segment : s.segments) {
            segment.selector = 16;
            segment.base = 0;
            segment.limit = 0xFFFF_FFFFL;
            segment.access = 0xC093;
        }
        s.segments[1].selector = 8;
        s.segments[1].access = 0xA09B;
        Arrays.fill(s.gpr, 0);
        s.rip = CODE;
        s.gpr[4] = STACK;
        interpreter.core().stateChanged();
    }

    /// Runs to the guest's HLT, on this thread.
    void run() {
        interpreter.resume();
        var exit = interpreter.run();
        if (exit != Interpreter.Exit.HALTED) {
            throw new AssertionError("the guest ended by " + exit);
        }
    }

    /// Runs from the first instruction on again.
    void runAgain() {
        load();
        run();
    }

    String log() {
        return log.toString();
    }

    void clearLog() {
        log.setLength(0);
    }

    @Override
    public void close() {
        ram.close();
    }
}
