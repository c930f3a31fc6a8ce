package io.sluice.vmm.qmp;

/// A control socket cannot be had. The message is one line for whoever asked for it.
public final class QmpOpenException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public QmpOpenException(String message) {
        super(message, null, false, false);
    }
}
