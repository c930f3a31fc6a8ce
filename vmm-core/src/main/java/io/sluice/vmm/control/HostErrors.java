package io.sluice.vmm.control;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/// The host's words for a file that it does not open or write.
final class HostErrors {
    static final String MISSING = "No such file or directory";
    private static final String FAILED = "Input/output error";

    private HostErrors() {}

    static String reason(Exception e) {
        return switch (e) {
            case InvalidPathException path -> "Invalid argument";
            case NoSuchFileException missing -> MISSING;
            case AccessDeniedException denied -> "Permission denied";
            case FileSystemException refused -> Objects.requireNonNullElse(refused.getReason(), FAILED);
            default -> Objects.requireNonNullElse(e.getMessage(), FAILED);
        };
    }
}
