package io.sluice.vmm.gdb;

import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.machine.DebugPort;
import io.sluice.vmm.machine.DebugPort.Motion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `c`, `s`, `C`, `S` and `vCont`: lets the machine run. Signals mean nothing to a machine and are read over.
final class GdbRun {
    static final int ENABLE = 1;
    static final int NO_INTERRUPTS = 2;
    static final int NO_TIMERS = 4;
    static final int STEP_BITS = ENABLE | NO_INTERRUPTS | NO_TIMERS;

    private final DebugPort port;
    private final GdbThreads threads;
    private int stepBits = STEP_BITS;

    GdbRun(DebugPort port, GdbThreads threads) {
        this.port = port;
        this.threads = threads;
    }

    int stepBits() {
        return stepBits;
    }

    /// How a single step behaves, as QEMU has it: whether there are any, and what is held back meanwhile.
    void setStepBits(int bits) {
        if ((bits & ~STEP_BITS) != 0) {
            throw GdbRefusal.invalid();
        }
        stepBits = bits;
    }

    /// `false` if only a reset could help.
    boolean resumeAll(PacketText packet, boolean signal) {
        address(packet, signal);
        return resume(Collections.nCopies(port.vcpus(), Motion.GO));
    }

    /// One vCPU, the others stay.
    boolean step(PacketText packet, boolean signal) {
        address(packet, signal);
        var motions = new ArrayList<>(Collections.nCopies(port.vcpus(), Motion.STAY));
        motions.set(threads.steps(), stepMotion());
        return resume(motions);
    }

    /// `vCont` with one action or more: the first that names a thread is its action, and a thread that none names
    /// stays.
    boolean vCont(PacketText packet) {
        var motions = new ArrayList<@Nullable Motion>(Collections.nCopies(port.vcpus(), null));
        while (!packet.isAtEnd()) {
            packet.require(";");
            var motion = motion(packet);
            int vcpu = packet.take(":") ? threads.read(packet) : GdbThreads.ALL;
            for (int i = 0; i < motions.size(); i++) {
                boolean named = vcpu == i || vcpu == GdbThreads.ALL || vcpu == GdbThreads.ANY;
                if (named && motions.get(i) == null) {
                    motions.set(i, motion);
                }
            }
        }
        var all = motions.stream()
                .map(motion -> motion == null ? Motion.STAY : motion)
                .toList();
        if (all.stream().allMatch(motion -> motion == Motion.STAY)) {
            throw GdbRefusal.invalid();
        }
        return resume(all);
    }

    private Motion motion(PacketText packet) {
        char action = packet.next();
        return switch (action) {
            case 'c' -> Motion.GO;
            case 's' -> stepMotion();
            case 't' -> Motion.STAY;
            case 'C', 'S' -> {
                packet.smallNumber();
                yield action == 'C' ? Motion.GO : stepMotion();
            }
            default -> throw GdbRefusal.invalid();
        };
    }

    private Motion stepMotion() {
        if ((stepBits & ENABLE) == 0) {
            return Motion.GO;
        }
        return (stepBits & NO_INTERRUPTS) != 0 ? Motion.STEP : Motion.STEP_WITH_INTERRUPTS;
    }

    private boolean resume(List<Motion> motions) {
        boolean clock = motions.contains(Motion.GO) || (stepBits & NO_TIMERS) == 0;
        return port.resume(motions, clock);
    }

    /// Where to go on, if that is said.
    private void address(PacketText packet, boolean signal) {
        if (signal) {
            packet.smallNumber();
        }
        if (packet.isAtEnd()) {
            return;
        }
        if (signal) {
            packet.require(";");
        }
        long address = packet.number();
        packet.requireEnd();
        var value = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(address);
        if (!port.write(threads.steps(), CpuRegister.RIP, value.array())) {
            throw GdbRefusal.invalid();
        }
    }
}
