package io.sluice.vmm.device.edu;

/// All registers, as a snapshot stores them; the buffer is apart.
record EduState(
        int liveness,
        int factorial,
        int status,
        int interrupts,
        long source,
        long destination,
        long count,
        long command) {
    static final EduState POWER_ON = new EduState(0, 0, 0, 0, 0, 0, 0, 0);

    EduState withLiveness(int value) {
        return new EduState(value, factorial, status, interrupts, source, destination, count, command);
    }

    EduState withFactorial(int value, int newStatus) {
        return new EduState(liveness, value, newStatus, interrupts, source, destination, count, command);
    }

    EduState withInterrupts(int pending) {
        return new EduState(liveness, factorial, status, pending, source, destination, count, command);
    }

    EduState withDma(long newSource, long newDestination, long newCount, long newCommand) {
        return new EduState(liveness, factorial, status, interrupts, newSource, newDestination, newCount, newCommand);
    }
}
