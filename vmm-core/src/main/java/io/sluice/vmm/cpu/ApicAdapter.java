package io.sluice.vmm.cpu;

import io.sluice.vmm.cpu.interp.InterruptController;
import io.sluice.vmm.irq.LocalApic;
import java.util.function.IntSupplier;

/// The local APIC and, behind its LINT0 pin, the PICs, as the interpreter asks them.
public final class ApicAdapter implements InterruptController {
    private final LocalApic apic;
    private final IntSupplier acknowledgePics;

    public ApicAdapter(LocalApic apic, IntSupplier acknowledgePics) {
        this.apic = apic;
        this.acknowledgePics = acknowledgePics;
    }

    @Override
    public boolean attention() {
        return apic.attention();
    }

    @Override
    public boolean hasInterrupt() {
        return apic.hasInterrupt() || apic.extIntWanted();
    }

    @Override
    public int acknowledge() {
        return apic.extIntWanted() ? acknowledgePics.getAsInt() : apic.acknowledge();
    }

    @Override
    public void poll(long nowNanos) {
        apic.poll(nowNanos);
    }

    @Override
    public long nextDeadline() {
        return apic.nextDeadline();
    }

    @Override
    public long page() {
        return apic.isPageMapped() ? apic.base() & ~0xFFFL : -1;
    }

    @Override
    public int readRegister(int offset) {
        return apic.read(offset);
    }

    @Override
    public void writeRegister(int offset, int value) {
        apic.write(offset, value);
    }

    @Override
    public long base() {
        return apic.base();
    }

    @Override
    public boolean setBase(long value) {
        return apic.setBase(value);
    }

    @Override
    public boolean canReadMsr(int index) {
        return apic.canReadMsr(index);
    }

    @Override
    public long readMsr(int index) {
        return apic.readMsr(index);
    }

    @Override
    public boolean writeMsr(int index, long value) {
        return apic.writeMsr(index, value);
    }

    @Override
    public long tscDeadline() {
        return apic.tscDeadline();
    }

    @Override
    public void setTscDeadline(long value) {
        apic.setTscDeadline(value);
    }

    @Override
    public void setTscOffset(long offset) {
        apic.setTscOffset(offset);
    }

    @Override
    public int taskPriority() {
        return apic.taskPriority();
    }

    @Override
    public void setTaskPriority(int cr8) {
        apic.setTaskPriority(cr8);
    }

    @Override
    public void reset() {
        apic.reset();
    }

    @Override
    public void init() {
        apic.init();
    }
}
