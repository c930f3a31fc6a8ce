package io.sluice.vmm.machine;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.address.Gva;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.Vcpu;
import io.sluice.vmm.cpu.VcpuDebug;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.CpuText;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.machine.Lifecycle.State;
import io.sluice.vmm.qapi.RunState;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The debugger's port of a machine: between the debugger, the machine's life and the vCPUs.
final class Debugger implements DebugPort {
    /// So many points, far more than anybody sets by hand; each vCPU looks through them by bisection.
    private static final int MOST_POINTS = 4096;

    private static final int PAGE = 0x1000;

    private final Machine machine;
    private final AddressSpace memory;
    private final List<Vcpu> vcpus;
    private final Set<DebugPoint> points = new LinkedHashSet<>();
    private @Nullable Listener listener;
    /// It was the debugger who stopped the machine.
    private boolean stoppedIt;
    /// What a vCPU has to tell with the stop that comes next.
    private int teller;
    private @Nullable DebugStop told;

    Debugger(Machine machine, AddressSpace memory, List<Vcpu> vcpus, Consumer<Runnable> control) {
        this.machine = machine;
        this.memory = memory;
        this.vcpus = vcpus;
        for (var vcpu : vcpus) {
            vcpu.debug().onStop(stop -> control.accept(() -> vcpuStopped(vcpu.id(), stop)));
        }
    }

    private VcpuDebug vcpu(int number) {
        return vcpus.get(number).debug();
    }

    @Override
    public int vcpus() {
        return vcpus.size();
    }

    // ---- coming and going

    @Override
    public boolean attach(Listener toTell) {
        if (listener != null) {
            return false;
        }
        stoppedIt = machine.pause();
        listener = toTell;
        return true;
    }

    @Override
    public void detach() {
        leave();
        machine.resume();
    }

    @Override
    public void abandon() {
        leave();
        if (stoppedIt) {
            machine.resume();
        }
    }

    private void leave() {
        listener = null;
        removeAll();
    }

    // ---- what the machine tells

    /// A vCPU has stopped by itself, a moment ago. If somebody has stopped the machine meanwhile that is all that is
    /// told; the point is reached again.
    private void vcpuStopped(int number, DebugStop reason) {
        if (!isRunning()) {
            return;
        }
        teller = number;
        told = reason;
        machine.stop(State.DEBUG);
        told = null;
        teller = 0;
    }

    /// The machine has stopped.
    void stopped(State state) {
        stoppedIt = state == State.DEBUG;
        if (listener != null) {
            listener.stopped(new Stop(state.runState(), teller, told));
        }
    }

    void ended(int status) {
        if (listener != null) {
            listener.ended(status);
        }
    }

    // ---- running

    @Override
    public boolean isRunning() {
        return machine.runState() == RunState.RUNNING;
    }

    @Override
    public void interrupt() {
        if (machine.pause()) {
            stoppedIt = true;
        }
    }

    @Override
    public boolean resume(List<Motion> motions, boolean clock) {
        if (motions.size() != vcpus.size()) {
            throw new IllegalArgumentException(motions.size() + " motions for " + vcpus.size() + " vCPUs");
        }
        return machine.resumeWith(() -> {
            stoppedIt = false;
            if (clock) {
                machine.startClock();
            }
            for (int i = 0; i < motions.size(); i++) {
                move(vcpus.get(i), motions.get(i));
            }
        });
    }

    private static void move(Vcpu vcpu, Motion motion) {
        switch (motion) {
            case STAY -> {}
            case GO -> vcpu.resume();
            case STEP -> vcpu.debug().step(false);
            case STEP_WITH_INTERRUPTS -> vcpu.debug().step(true);
        }
    }

    @Override
    public void kill() {
        machine.quit(ShutdownCause.HOST_UI);
    }

    @Override
    public void reset() {
        machine.reset(ShutdownCause.HOST_UI);
    }

    // ---- points

    @Override
    public boolean insert(DebugPoint point) {
        if (!points.contains(point) && points.size() >= MOST_POINTS) {
            return false;
        }
        if (points.add(point)) {
            tellPoints();
        }
        return true;
    }

    @Override
    public void remove(DebugPoint point) {
        if (points.remove(point)) {
            tellPoints();
        }
    }

    @Override
    public void removeAll() {
        if (!points.isEmpty()) {
            points.clear();
            tellPoints();
        }
    }

    private void tellPoints() {
        vcpus.forEach(vcpu -> vcpu.debug().setPoints(points));
    }

    // ---- registers and memory

    @Override
    public boolean isHalted(int vcpu) {
        return vcpu(vcpu).isHalted();
    }

    @Override
    public byte[] read(int vcpu, List<CpuRegister> registers) {
        return vcpu(vcpu).read(registers);
    }

    @Override
    public boolean write(int vcpu, CpuRegister register, byte[] value) {
        return vcpu(vcpu).write(register, value);
    }

    @Override
    public int read(int vcpu, Gva from, byte[] target) {
        return vcpu(vcpu).readMemory(from, target);
    }

    @Override
    public boolean write(int vcpu, Gva from, byte[] source) {
        return vcpu(vcpu).writeMemory(from, source);
    }

    @Override
    public int read(Gpa from, byte[] target) {
        int at = 0;
        while (at < target.length) {
            long gpa = from.bits() + at;
            int length = Math.min(target.length - at, PAGE - ((int) gpa & PAGE - 1));
            if (!memory.dmaRead(gpa, target, at, length)) {
                break;
            }
            at += length;
        }
        return at;
    }

    @Override
    public boolean write(Gpa from, byte[] source) {
        for (long at = from.bits() & -PAGE; at - from.bits() < source.length; at += PAGE) {
            var ram = memory.find(at).asRam();
            if (ram == null || !ram.writable()) {
                return false;
            }
        }
        return memory.dmaWrite(from.bits(), source, 0, source.length);
    }

    @Override
    public String text(int vcpu) {
        var text = new StringBuilder();
        vcpus.get(vcpu).inspect(state -> text.append(CpuText.of(state)));
        return text.toString();
    }
}
