package io.sluice.vmm.machine;

import io.sluice.vmm.qapi.QapiEnum;

/// Why a machine was reset or ended, as the events RESET and SHUTDOWN say it.
public enum ShutdownCause implements QapiEnum {
    /// The program itself failed.
    HOST_ERROR(false),
    HOST_QMP_QUIT(false),
    HOST_QMP_SYSTEM_RESET(false),
    /// SIGINT, SIGTERM or SIGHUP.
    HOST_SIGNAL(false),
    /// A key of the terminal's.
    HOST_UI(false),
    GUEST_SHUTDOWN(true),
    GUEST_RESET(true),
    GUEST_PANIC(true),
    /// A guest's own reset of one part, which is a reset of the machine.
    SUBSYSTEM_RESET(true);

    private final boolean guest;

    ShutdownCause(boolean guest) {
        this.guest = guest;
    }

    /// Whether the guest did it.
    public boolean isGuest() {
        return guest;
    }
}
