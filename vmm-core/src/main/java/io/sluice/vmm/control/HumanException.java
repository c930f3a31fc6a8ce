package io.sluice.vmm.control;

/// A line that is not understood: what its writer is told, before the hint at `help`.
final class HumanException extends RuntimeException {
    private static final long serialVersionUID = 1;

    HumanException(String message) {
        super(message, null, false, false);
    }
}
