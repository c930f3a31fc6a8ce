package io.sluice.vmm.cpu.interp;

/// What a vCPU asks its local APIC, on its own thread.
public interface InterruptController {
    /// Whether a vector above the processor priority waits, or the PIC wants to be asked.
    boolean hasInterrupt();

    /// Takes the interrupt: its vector.
    int acknowledge();

    /// Whether [#poll] has something to do before its deadline.
    boolean attention();

    /// Takes in what others posted and fires the timer if it is due.
    void poll(long nowNanos);

    /// When the timer fires next, in guest nanoseconds; `Long.MAX_VALUE` if never.
    long nextDeadline();

    /// Physical page of the xAPIC registers, or -1 if there are none (x2APIC mode, disabled).
    long page();

    int readRegister(int offset);

    void writeRegister(int offset, int value);

    long base();

    /// IA32_APIC_BASE; `false` is #GP.
    boolean setBase(long value);

    boolean canReadMsr(int index);

    long readMsr(int index);

    /// `false` is #GP.
    boolean writeMsr(int index, long value);

    long tscDeadline();

    void setTscDeadline(long value);

    /// The time-stamp counter is guest time plus this.
    void setTscOffset(long offset);

    /// CR8: bits 7..4 of the task priority.
    int taskPriority();

    void setTaskPriority(int cr8);

    void reset();

    /// What INIT does: as [#reset], but the base address stays.
    void init();
}
