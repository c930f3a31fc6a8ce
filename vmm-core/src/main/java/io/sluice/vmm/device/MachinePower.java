package io.sluice.vmm.device;

/// How a device ends or restarts the machine. Any strand; never blocks, and the calling device may still run for a
/// moment afterwards.
public interface MachinePower {
    /// The guest switched the machine off.
    void powerOff();

    /// The guest asked for a reset; `cause` names the way, for people.
    void reset(String cause);

    /// A test guest ended the machine with an exit status.
    void exit(int status);
}
