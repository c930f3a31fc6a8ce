package io.sluice.vmm.machine;

import java.util.Arrays;
import java.util.Optional;

/// What `-d` can show.
public enum LogItem {
    CPU_RESET("cpu_reset", "the vCPU's registers after each reset"),
    GUEST_ERRORS("guest_errors", "how many accesses nothing claimed, at the end");

    private final String text;
    private final String description;

    LogItem(String text, String description) {
        this.text = text;
        this.description = description;
    }

    public static Optional<LogItem> of(String text) {
        return Arrays.stream(values()).filter(item -> item.text.equals(text)).findFirst();
    }

    public String text() {
        return text;
    }

    public String description() {
        return description;
    }
}
