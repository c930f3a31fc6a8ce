package io.sluice.vmm.socket;

/// The file of a UNIX socket cannot be had; the message is the reason alone.
public final class SocketFileException extends RuntimeException {
    private static final long serialVersionUID = 1;

    SocketFileException(String message) {
        super(message, null, false, false);
    }
}
