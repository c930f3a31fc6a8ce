package io.sluice.vmm.testkit;

import io.sluice.vmm.cpu.interp.CpuPorts;
import io.sluice.vmm.cpu.interp.InterruptController;
import io.sluice.vmm.trace.Trace;

/// A vCPU's surroundings without any interrupt: no local APIC answers, time is the host's.
public final class NoInterrupts implements CpuPorts, InterruptController {
    /// Level of FERR#.
    public boolean ferr;

    private final Trace trace;

    public NoInterrupts() {
        this(Trace.none());
    }

    /// @param trace what the vCPU tells its doings to
    public NoInterrupts(Trace trace) {
        this.trace = trace;
    }

    @Override
    public Trace trace() {
        return trace;
    }

    @Override
    public InterruptController interrupts() {
        return this;
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public void ferr(boolean asserted) {
        ferr = asserted;
    }

    @Override
    public int id() {
        return 0;
    }

    @Override
    public int count() {
        return 1;
    }

    @Override
    public boolean attention() {
        return false;
    }

    @Override
    public boolean hasInterrupt() {
        return false;
    }

    @Override
    public int acknowledge() {
        throw new IllegalStateException("nothing to acknowledge");
    }

    @Override
    public void poll(long nowNanos) {}

    @Override
    public long nextDeadline() {
        return Long.MAX_VALUE;
    }

    @Override
    public long page() {
        return -1;
    }

    @Override
    public int readRegister(int offset) {
        return 0;
    }

    @Override
    public void writeRegister(int offset, int value) {}

    @Override
    public long base() {
        return 0;
    }

    @Override
    public boolean setBase(long value) {
        return false;
    }

    @Override
    public boolean canReadMsr(int index) {
        return false;
    }

    @Override
    public long readMsr(int index) {
        return 0;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        return false;
    }

    @Override
    public long tscDeadline() {
        return 0;
    }

    @Override
    public void setTscDeadline(long value) {}

    @Override
    public void setTscOffset(long offset) {}

    @Override
    public int taskPriority() {
        return 0;
    }

    @Override
    public void setTaskPriority(int cr8) {}

    @Override
    public void reset() {}

    @Override
    public void init() {}
}
