package io.sluice.vmm.socket;

import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Why a socket cannot be had, in the system's own few words: what libraries put around them is left out.
public final class SocketReason {
    private static final List<String> KNOWN = List.of(
            "Address already in use",
            "Connection refused",
            "Permission denied",
            "No such file or directory",
            "Cannot assign requested address");

    private SocketReason() {}

    public static String of(@Nullable Throwable failure) {
        return switch (failure) {
            case null -> "unknown";
            case UnknownHostException unknown -> "Name or service not known";
            case NoSuchFileException missing -> "No such file or directory";
            case AccessDeniedException denied -> "Permission denied";
            default -> known(String.valueOf(failure.getMessage()));
        };
    }

    private static String known(String text) {
        return KNOWN.stream()
                .filter(text::contains)
                .findFirst()
                .orElseGet(() -> text.lines().findFirst().orElse("unknown"));
    }
}
