package io.sluice.vmm.cpu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.bus.TrapMeter;
import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.testkit.NoInterrupts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;

/// A vCPU in 64-bit mode with identity-mapped memory, one device register page and one page of a device's memory, for
/// benchmarks: a loop of guest instructions, run until its HLT.
final class BareGuest implements AutoCloseable {
    static final long DEVICE = 0x1F_0000;
    private static final long VIDEO = 0x1E_0000;
    private static final int RAM_BYTES = 1 << 20;
    private static final int CODE = 0x8000;
    private static final int TABLES = 0x1_0000;
    private static final int DATA = 0x4_0000;

    private final GuestRam ram = GuestRam.allocate(RAM_BYTES);
    private final GuestRam video = GuestRam.allocate(GuestRam.PAGE_SIZE);
    private final Interpreter interpreter;

    /// @param loopBody hexadecimal code; RSI points to data, RBX to the device, RDI to its memory; RCX is the loop's.
    /// Followed by
    ///     `dec ecx; jne` and `hlt`.
    BareGuest(String loopBody) {
        var memory = new AddressSpace("memory", (1L << 40) - 1);
        memory.mapRam(0, RAM_BYTES, ram, 0, true);
        memory.swap(List.of(), List.of(new Mapping.Ram(VIDEO, VIDEO + GuestRam.PAGE_SIZE - 1, video, 0, true)));
        memory.mapDevice(DEVICE, 0x1000, new Register(), new Strand(new NoLoop(), new MachineClock()));
        var core = new Core(memory, new AddressSpace("io", 0xFFFF), new NoInterrupts());
        interpreter = new Interpreter(core, memory);
        interpreter.reset();
        byte[] body = HexFormat.of().parseHex(loopBody.replace(" ", ""));
        ram.write(CODE, body);
        ram.write(CODE + body.length, new byte[] {(byte) 0xFF, (byte) 0xC9, 0x75, (byte) -(body.length + 4), (byte) 0xF4
        });
        table(TABLES, TABLES + 0x1003);
        table(TABLES + 0x1000, TABLES + 0x2003);
        table(TABLES + 0x2000, 0x83);
    }

    private void table(int at, long entry) {
        ram.write(
                at,
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(0, entry)
                        .array());
    }

    /// Has traps counted and timed, as a metrics object does.
    void meter() {
        interpreter.core().meter(new TrapMeter(17), new TrapMeter(17));
    }

    /// Runs `turns` turns of the loop.
    void run(int turns) {
        var core = interpreter.core();
        var s = core.state;
        s.cr3 = TABLES;
        s.cr4 = 0x620;
        s.efer = 0x500;
        s.cr0 = 0x8000_0031L;
        for (var segment : s.segments) {
            segment.base = 0;
            segment.limit = 0xFFFF_FFFFL;
            segment.access = 0xC093;
        }
        s.segments[1].access = 0xA09B;
        s.rip = CODE;
        s.gpr[1] = turns;
        s.gpr[3] = DEVICE;
        s.gpr[4] = DATA + 0x8000;
        s.gpr[6] = DATA;
        s.gpr[7] = VIDEO;
        core.stateChanged();
        interpreter.resume();
        var exit = interpreter.run();
        if (exit != Interpreter.Exit.HALTED || s.gpr[1] != 0) {
            throw new IllegalStateException("the loop ended by " + exit + " at 0x" + Long.toHexString(s.rip));
        }
    }

    @Override
    public void close() {
        ram.close();
        video.close();
    }

    private static final class Register implements BusDevice {
        private long value;

        @Override
        public long read(long offset, int size) {
            return value;
        }

        @Override
        public void write(long offset, int size, long written) {
            value = written;
        }
    }

    /// The strand is always idle here, so nothing is ever handed to a loop.
    private static final class NoLoop implements EventLoop {
        @Override
        public void execute(Runnable task) {
            throw new IllegalStateException("the strand was busy");
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            throw new IllegalStateException("no timers here");
        }
    }
}
