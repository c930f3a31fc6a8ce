package io.sluice.vmm.app;

/// Something that was asked for cannot be had. The message is one line that says what to do; it is all a user sees.
final class UsageException extends RuntimeException {
    UsageException(String message) {
        super(message, null, false, false);
    }
}
