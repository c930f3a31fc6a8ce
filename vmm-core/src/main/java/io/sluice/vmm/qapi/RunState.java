package io.sluice.vmm.qapi;

/// Where a machine is in its life, as `query-status` says it.
public enum RunState implements QapiEnum {
    /// Stopped by a debugger.
    DEBUG,
    /// Waits for an incoming migration.
    INMIGRATE,
    /// Stopped by a fault of the program itself.
    INTERNAL_ERROR,
    IO_ERROR,
    PAUSED,
    POSTMIGRATE,
    /// Started with `-S`; nothing has run.
    PRELAUNCH,
    FINISH_MIGRATE,
    RESTORE_VM,
    RUNNING,
    SAVE_VM,
    /// The guest has ended; the process waits to be told to quit.
    SHUTDOWN,
    SUSPENDED,
    WATCHDOG,
    /// The guest's kernel has panicked.
    GUEST_PANICKED,
    COLO
}
