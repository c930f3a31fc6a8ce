package io.sluice.vmm.gdb;

import io.sluice.vmm.machine.DebugPort;
import java.util.Locale;

/// What `monitor` in gdb asks for: a few commands of our own, in words. What it does not know it says so.
final class GdbMonitor {
    private static final String HELP = """
            help             this text
            info registers   the registers of the current thread's vCPU
            info cpus        the vCPUs
            system_reset     resets the machine
            quit             ends the machine
            """;

    private final DebugPort port;
    private final GdbThreads threads;

    GdbMonitor(DebugPort port, GdbThreads threads) {
        this.port = port;
        this.threads = threads;
    }

    String answer(String line) {
        var command = line.strip().toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
        return switch (command) {
            case "", "help", "?" -> HELP;
            case "info registers" -> port.text(threads.current());
            case "info cpus" -> cpus();
            case "system_reset" -> {
                port.reset();
                yield "the machine was reset\n";
            }
            case "quit", "q" -> {
                port.kill();
                yield "";
            }
            default -> "unknown command: '" + shown(command) + "'; 'monitor help' lists what there is\n";
        };
    }

    private String cpus() {
        var text = new StringBuilder();
        for (int vcpu = 0; vcpu < port.vcpus(); vcpu++) {
            text.append(vcpu == threads.current() ? "* " : "  ")
                    .append(title(vcpu))
                    .append('\n');
        }
        return text.toString();
    }

    /// A thread's name as `info threads` shows it.
    String title(int vcpu) {
        return "CPU#" + vcpu + (port.isHalted(vcpu) ? " [halted]" : " [running]");
    }

    private static String shown(String command) {
        var printable = command.replaceAll("[^\\x20-\\x7E]", "?");
        return printable.length() > 80 ? printable.substring(0, 80) + "..." : printable;
    }
}
