package io.sluice.vmm.gdb;

import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.machine.DebugPort;
import io.sluice.vmm.qapi.RunState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One debugger's talk with the machine. On the thread that owns the machine; what it says goes to [Line].
///
/// A packet finds the machine stopped: while it runs a debugger sends only the interrupt character, and if it sends
/// more
/// the machine is stopped first, as QEMU's does.
final class GdbSession implements DebugPort.Listener {
    private static final byte[] ACKNOWLEDGED = {'+'};
    private static final byte[] NOT_UNDERSTOOD = {'-'};

    private static final int SIGINT = 2;
    private static final int SIGQUIT = 3;
    private static final int SIGTRAP = 5;
    private static final int SIGABRT = 6;
    private static final int SIGALRM = 14;
    private static final int SIGIO = 23;

    /// Where the answers go. Never blocks.
    interface Line {
        void send(byte[] bytes);

        /// Ends the connection behind what was sent.
        void end();
    }

    private final DebugPort port;
    private final Line line;
    private final GdbThreads threads;
    private final GdbRegisters registers;
    private final GdbMemory memory;
    private final GdbPoints points;
    private final GdbRun run;
    private final GdbQueries queries;

    private boolean acknowledges = true;
    /// The debugger has let the machine run and waits for a stop.
    private boolean waits;
    private boolean over;
    private byte[] last = {};

    private GdbSession(DebugPort port, Line line) {
        this.port = port;
        this.line = line;
        this.threads = new GdbThreads(port.vcpus());
        this.registers = new GdbRegisters(port, threads);
        this.memory = new GdbMemory(port, threads);
        this.points = new GdbPoints(port);
        this.run = new GdbRun(port, threads);
        this.queries = new GdbQueries(threads, memory, run, new GdbMonitor(port, threads));
    }

    /// A debugger comes, and the machine stops; null if another is there.
    static @Nullable GdbSession attach(DebugPort port, Line line) {
        var session = new GdbSession(port, line);
        return port.attach(session) ? session : null;
    }

    /// The connection is gone.
    void close() {
        if (!over) {
            over = true;
            port.abandon();
        }
    }

    // ---- from the debugger

    void take(PacketEvent event) {
        if (over) {
            return;
        }
        switch (event) {
            case PacketEvent.Interrupt interrupt -> port.interrupt();
            case PacketEvent.Refused refused -> {
                if (acknowledges) {
                    line.send(last);
                }
            }
            case PacketEvent.Damaged damaged -> {
                if (acknowledges) {
                    line.send(NOT_UNDERSTOOD);
                }
            }
            case PacketEvent.TooLong tooLong -> {
                acknowledge();
                reply(GdbError.TOO_LONG.reply());
            }
            case PacketEvent.Packet packet -> {
                acknowledge();
                if (port.isRunning()) {
                    waits = false;
                    port.interrupt();
                }
                var answer = answer(new PacketText(packet.payload()));
                if (answer != null) {
                    reply(answer);
                }
                if (over) {
                    line.end();
                }
            }
        }
    }

    private void acknowledge() {
        if (acknowledges) {
            line.send(ACKNOWLEDGED);
        }
    }

    private void reply(String payload) {
        last = PacketFrame.of(payload);
        line.send(last);
    }

    /// The answer; null if it comes later or not at all, and empty if we do not know the packet.
    private @Nullable String answer(PacketText packet) {
        try {
            return dispatch(packet);
        } catch (GdbRefusal refused) {
            return refused.error.reply();
        }
    }

    private @Nullable String dispatch(PacketText packet) {
        return switch (packet.next()) {
            case '?' -> status();
            case 'g' -> registers.readAll();
            case 'G' -> registers.writeAll(packet);
            case 'p' -> registers.read(packet);
            case 'P' -> registers.write(packet);
            case 'm' -> memory.read(packet);
            case 'M' -> memory.write(packet, false);
            case 'X' -> memory.write(packet, true);
            case 'Z' -> points.insert(packet);
            case 'z' -> points.remove(packet);
            case 'c' -> running(run.resumeAll(packet, false));
            case 'C' -> running(run.resumeAll(packet, true));
            case 's' -> running(run.step(packet, false));
            case 'S' -> running(run.step(packet, true));
            case 'v' -> verb(packet);
            case 'H' -> threads.choose(packet);
            case 'T' -> {
                threads.readOne(packet);
                yield "OK";
            }
            case 'q' -> queries.answer(packet);
            case 'Q' -> set(packet);
            case 'D' -> detach();
            case 'k' -> {
                port.kill();
                yield null;
            }
            default -> "";
        };
    }

    private @Nullable String verb(PacketText packet) {
        if (packet.take("Cont?")) {
            return "vCont;c;C;s;S;t";
        }
        if (packet.take("Cont")) {
            return running(run.vCont(packet));
        }
        if (packet.take("Kill")) {
            reply("OK");
            port.kill();
            return null;
        }
        return "";
    }

    private String set(PacketText packet) {
        if (packet.take("StartNoAckMode")) {
            acknowledges = false;
            return "OK";
        }
        return queries.set(packet);
    }

    private String detach() {
        over = true;
        port.detach();
        return "OK";
    }

    /// A debugger that asks begins anew: nothing of another's is left.
    private String status() {
        port.removeAll();
        return stopReply(SIGTRAP, threads.current(), null);
    }

    /// @param runs what was asked for goes on; otherwise the machine is where only a reset helps, and stays there
    private @Nullable String running(boolean runs) {
        waits = runs;
        return runs ? null : stopReply(SIGQUIT, threads.current(), null);
    }

    // ---- from the machine

    @Override
    public void stopped(DebugPort.Stop why) {
        if (waits) {
            waits = false;
            threads.select(why.vcpu());
            reply(stopReply(signal(why.state()), why.vcpu(), why.reason()));
        }
    }

    @Override
    public void ended(int status) {
        if (waits) {
            waits = false;
            reply(String.format("W%02x", status & 0xFF));
        }
        over = true;
        line.end();
    }

    private static int signal(RunState state) {
        return switch (state) {
            case DEBUG -> SIGTRAP;
            case SHUTDOWN -> SIGQUIT;
            case INTERNAL_ERROR, GUEST_PANICKED -> SIGABRT;
            case WATCHDOG -> SIGALRM;
            case IO_ERROR -> SIGIO;
            case INMIGRATE,
                    PAUSED,
                    POSTMIGRATE,
                    PRELAUNCH,
                    FINISH_MIGRATE,
                    RESTORE_VM,
                    RUNNING,
                    SAVE_VM,
                    SUSPENDED,
                    COLO -> SIGINT;
        };
    }

    private String stopReply(int signal, int vcpu, @Nullable DebugStop reason) {
        return String.format(
                "T%02x%sthread:%s;%s", signal, text(vcpu, reason), GdbThreads.name(vcpu), registers.expedited(vcpu));
    }

    private String text(int vcpu, @Nullable DebugStop reason) {
        return switch (reason) {
            case null -> "";
            case DebugStop.Stepped stepped -> "";
            case DebugStop.AtCode code -> breakpoint(vcpu, code.point());
            case DebugStop.OnData data ->
                watchpoint(data.point().access()) + ":"
                        + Long.toHexString(data.at().bits()) + ";";
        };
    }

    /// Named only where the debugger will find it again: in a segment with a base its address is not RIP, and then a
    /// debugger would take the stop for a breakpoint that is gone, and go on.
    private String breakpoint(int vcpu, DebugPoint.Code point) {
        if (!queries.namesBreakpoints() || !instructionPointer(vcpu).equals(point.at())) {
            return "";
        }
        return point.hardware() ? "hwbreak:;" : "swbreak:;";
    }

    private Gva instructionPointer(int vcpu) {
        var value = port.read(vcpu, List.of(CpuRegister.RIP));
        return new Gva(ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong());
    }

    private static String watchpoint(DebugPoint.Access access) {
        return switch (access) {
            case WRITE -> "watch";
            case READ -> "rwatch";
            case ANY -> "awatch";
        };
    }
}
