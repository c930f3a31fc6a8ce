package io.sluice.vmm.device.edu;

/// All registers, as a snapshot will store them; the buffer is apart. Plain fields: a register write allocates nothing
/// (bench: TrapBenchmark, and the `speed` guest).
final class EduState {
    int liveness;
    int factorial;
    int status;
    int interrupts;
    long source;
    long destination;
    long count;
    long command;
}
