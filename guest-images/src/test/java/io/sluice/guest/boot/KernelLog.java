package io.sluice.guest.boot;

import java.util.List;
import java.util.regex.Pattern;

/// What a kernel's log must not say.
final class KernelLog {
    /// What a kernel says of itself when something is broken, of the machine, and of firmware.
    private static final Pattern COMPLAINT = Pattern.compile(String.join(
            "|",
            "WARNING",
            "\\bBUG\\b",
            "Oops",
            "Call Trace",
            "cut here",
            "unchecked MSR",
            "hung task",
            "blocked for more than",
            "(soft|hard) ?(lockup|LOCKUP)",
            "rcu.*stall",
            "general protection",
            "segfault",
            "nobody cared",
            "(?i:spurious)",
            "\\[Firmware",
            "MP-BIOS bug",
            "ACPI (BIOS )?(Error|Warning|Exception)",
            "[Uu]nstable",
            "clocksource watchdog",
            "timed? ?out",
            "MTRRs? (disabled|all blank)",
            "FPU.*(bug|broken)"));

    private KernelLog() {}

    static List<String> complaints(String log) {
        return log.lines().filter(line -> COMPLAINT.matcher(line).find()).toList();
    }
}
