package io.sluice.vmm.machine;

/// The machine cannot be built as it was asked for. The message is one line for the user.
public final class MachineException extends RuntimeException {
    public MachineException(String message, Throwable cause) {
        super(message.strip().replaceAll("\\s*\\n\\s*", "; "), cause);
    }
}
