package io.sluice.vmm.gdb;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.machine.DebugPort;
import io.sluice.vmm.qapi.RunState;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A machine of two vCPUs with 16 KiB of memory: linear addresses lie 64 KiB above the physical ones. Registers hold
/// what is written to them; only CR0 takes nothing.
final class FakePort implements DebugPort {
    static final int MEMORY = 0x4000;
    static final int LINEAR = 0x1_0000;
    static final int MOST_POINTS = 100;

    final byte[] memory = new byte[MEMORY];
    final Set<DebugPoint> points = new LinkedHashSet<>();
    final List<String> calls = new ArrayList<>();
    final List<Map<CpuRegister, byte[]>> registers =
            List.of(new EnumMap<>(CpuRegister.class), new EnumMap<>(CpuRegister.class));

    @Nullable
    Listener listener;

    boolean running = true;
    boolean onlyResetHelps;

    void stop(RunState state, int vcpu, @Nullable DebugStop reason) {
        running = false;
        if (listener != null) {
            listener.stopped(new Stop(state, vcpu, reason));
        }
    }

    void end(int status) {
        if (listener != null) {
            listener.ended(status);
        }
    }

    @Override
    public int vcpus() {
        return registers.size();
    }

    @Override
    public boolean attach(Listener toTell) {
        if (listener != null) {
            return false;
        }
        running = false;
        listener = toTell;
        return true;
    }

    @Override
    public void detach() {
        abandon();
        calls.add("detach");
    }

    @Override
    public void abandon() {
        calls.add("abandon");
        listener = null;
        points.clear();
        running = true;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public void interrupt() {
        if (running) {
            stop(RunState.PAUSED, 0, null);
        }
    }

    @Override
    public boolean resume(List<Motion> motions, boolean clock) {
        calls.add(motions + (clock ? " clock" : ""));
        running = !onlyResetHelps;
        return running;
    }

    @Override
    public void kill() {
        calls.add("kill");
    }

    @Override
    public void reset() {
        calls.add("reset");
    }

    @Override
    public boolean insert(DebugPoint point) {
        return points.size() < MOST_POINTS && points.add(point) || points.contains(point);
    }

    @Override
    public void remove(DebugPoint point) {
        points.remove(point);
    }

    @Override
    public void removeAll() {
        points.clear();
    }

    @Override
    public boolean isHalted(int vcpu) {
        return vcpu == 1;
    }

    @Override
    public byte[] read(int vcpu, List<CpuRegister> wanted) {
        var values = new java.io.ByteArrayOutputStream();
        for (var register : wanted) {
            values.writeBytes(registers.get(vcpu).getOrDefault(register, new byte[register.bytes()]));
        }
        return values.toByteArray();
    }

    @Override
    public boolean write(int vcpu, CpuRegister register, byte[] value) {
        if (register == CpuRegister.CR0) {
            return false;
        }
        registers.get(vcpu).put(register, value);
        return true;
    }

    @Override
    public int read(int vcpu, Gva from, byte[] target) {
        return read(new Gpa(from.bits() - LINEAR), target);
    }

    @Override
    public boolean write(int vcpu, Gva from, byte[] source) {
        return write(new Gpa(from.bits() - LINEAR), source);
    }

    @Override
    public int read(Gpa from, byte[] target) {
        if (from.bits() < 0 || from.bits() >= MEMORY) {
            return 0;
        }
        int length = (int) Math.min(target.length, MEMORY - from.bits());
        System.arraycopy(memory, (int) from.bits(), target, 0, length);
        return length;
    }

    @Override
    public boolean write(Gpa from, byte[] source) {
        if (from.bits() < 0 || from.bits() + source.length > MEMORY) {
            return false;
        }
        System.arraycopy(source, 0, memory, (int) from.bits(), source.length);
        return true;
    }

    @Override
    public String text(int vcpu) {
        return "registers of " + vcpu + "\n";
    }
}
