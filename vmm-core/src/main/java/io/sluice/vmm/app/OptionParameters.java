package io.sluice.vmm.app;

import io.sluice.vmm.control.OptionInfo;
import java.util.List;

/// The options that take parameters, for scripts that ask what this program knows before they use it.
final class OptionParameters {
    private OptionParameters() {}

    static List<OptionInfo> known() {
        return List.of(
                new OptionInfo("action", List.of("reboot", "shutdown", "panic")),
                new OptionInfo(
                        "chardev", List.of("backend", "path", "host", "port", "fd", "server", "wait", "reconnect")),
                new OptionInfo("drive", DriveOptions.PARAMETERS),
                new OptionInfo("fw_cfg", List.of("name", "file", "string")),
                new OptionInfo("memory", List.of("size")),
                new OptionInfo("mon", List.of("chardev", "mode", "pretty")),
                new OptionInfo("name", List.of("guest")),
                new OptionInfo("rtc", List.of("base", "clock", "driftfix")),
                new OptionInfo("smp-opts", List.of("cpus", "maxcpus", "sockets", "dies", "cores", "threads")));
    }
}
