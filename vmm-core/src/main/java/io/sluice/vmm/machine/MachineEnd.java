package io.sluice.vmm.machine;

import org.jspecify.annotations.Nullable;

/// How a machine ended.
///
/// @param status for the process
/// @param message one line for the user, if there is more to say than the status does
public record MachineEnd(int status, @Nullable String message) {
    /// The guest switched the machine off, or somebody did on purpose.
    public static final MachineEnd ORDERLY = new MachineEnd(0, null);

    private static final int FAILED = 1;
    private static final int INTERNAL = 70;

    static MachineEnd failed(String message) {
        return new MachineEnd(FAILED, message);
    }

    static MachineEnd internal(String where, Throwable failure) {
        return new MachineEnd(INTERNAL, "internal error in " + where + ": " + failure);
    }
}
