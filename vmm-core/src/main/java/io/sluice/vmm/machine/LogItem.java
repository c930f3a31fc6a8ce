package io.sluice.vmm.machine;

import java.util.Arrays;
import java.util.Optional;

/// What `-d` can show.
public enum LogItem {
    CPU_RESET("cpu_reset", "vCPU state at each reset"),
    GUEST_ERRORS("guest_errors", "what the guest does that a device or the bus refuses"),
    IN_ASM("in_asm", "each block of guest code, disassembled when it is first decoded"),
    INT("int", "interrupts and exceptions"),
    UNIMP("unimp", "what the guest asks for that is not emulated");

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
