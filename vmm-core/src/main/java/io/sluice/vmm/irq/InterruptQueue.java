package io.sluice.vmm.irq;

/// The heart of an APIC: requested (IRR) and serviced (ISR) vectors and the priorities between them (SDM 3A 10.8).
/// Any thread adds; all else belongs to the vCPU's thread.
final class InterruptQueue {
    private final IncomingVectors incoming = new IncomingVectors();
    private final VectorSet irr = new VectorSet();
    private final VectorSet isr = new VectorSet();
    private final VectorSet tmr = new VectorSet();
    private int taskPriority;
    private volatile int publishedPriority;

    /// From any thread.
    void post(int vector, boolean level) {
        incoming.add(vector, level);
    }

    /// The processor priority as other threads see it, for lowest-priority delivery.
    int publishedPriority() {
        return publishedPriority;
    }

    void clear() {
        incoming.clear();
        irr.clear();
        isr.clear();
        tmr.clear();
        setTaskPriority(0);
    }

    void drain() {
        incoming.drain(irr, tmr);
    }

    /// From the vCPU's own thread; `false` if the vector was requested already.
    boolean accept(int vector, boolean level) {
        boolean fresh = !irr.contains(vector);
        irr.add(vector);
        if (level) {
            tmr.add(vector);
        } else {
            tmr.remove(vector);
        }
        return fresh;
    }

    int taskPriority() {
        return taskPriority;
    }

    void setTaskPriority(int value) {
        taskPriority = value;
        publish();
    }

    int processorPriority() {
        int serviced = Math.max(0, isr.highest()) & 0xF0;
        return (taskPriority & 0xF0) >= serviced ? taskPriority : serviced;
    }

    boolean hasInterrupt() {
        return irr.highest() >> 4 > processorPriority() >> 4;
    }

    /// Moves the highest vector from requested to serviced; -1 if none is above the processor's priority.
    int acknowledge() {
        if (!hasInterrupt()) {
            return -1;
        }
        int vector = irr.highest();
        irr.remove(vector);
        isr.add(vector);
        publish();
        return vector;
    }

    /// Ends the highest serviced vector; -1 if there is none.
    int endOfInterrupt() {
        int vector = isr.highest();
        if (vector >= 0) {
            isr.remove(vector);
            publish();
        }
        return vector;
    }

    boolean isLevel(int vector) {
        return tmr.contains(vector);
    }

    int requested32(int index) {
        drain();
        return irr.word32(index);
    }

    int serviced32(int index) {
        return isr.word32(index);
    }

    int level32(int index) {
        drain();
        return tmr.word32(index);
    }

    private void publish() {
        publishedPriority = processorPriority();
    }

    LocalApicState.Queue state() {
        drain();
        return new LocalApicState.Queue(taskPriority, irr.toList(), isr.toList(), tmr.toList());
    }

    void restore(LocalApicState.Queue saved) {
        incoming.clear();
        irr.set(saved.requested());
        isr.set(saved.serviced());
        tmr.set(saved.level());
        setTaskPriority(saved.taskPriority());
    }
}
