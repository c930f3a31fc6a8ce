package io.sluice.vmm.irq;

import java.util.List;

/// What a snapshot stores of a local APIC. Deadlines are nanoseconds of the machine's clock.
public record LocalApicState(
        long base,
        int logicalDestination,
        int destinationFormat,
        int spurious,
        int errors,
        int newErrors,
        int commandHigh,
        int command,
        boolean lint0,
        boolean lint1,
        boolean extIntMessage,
        List<Integer> lvt,
        Queue queue,
        Timer timer) {
    /// Task priority and the three vector sets, four words of 64 vectors each.
    public record Queue(int taskPriority, List<Long> requested, List<Long> serviced, List<Long> level) {}

    /// The timer's part.
    public record Timer(
            int mode, int divide, long initial, long deadline, long tscOffset, long tscDeadline, int backlog) {}
}
