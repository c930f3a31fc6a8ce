package io.sluice.vmm.qapi;

/// A command is refused: what its sender is told.
public final class QmpException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ErrorClass errorClass;

    public QmpException(ErrorClass errorClass, String description) {
        super(description, null, false, false);
        this.errorClass = errorClass;
    }

    /// A [ErrorClass#GENERIC_ERROR].
    public QmpException(String description) {
        this(ErrorClass.GENERIC_ERROR, description);
    }

    public ErrorClass errorClass() {
        return errorClass;
    }

    public String description() {
        return String.valueOf(getMessage());
    }
}
