package io.sluice.vmm.app;

import io.sluice.vmm.machine.MachineConfig;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/// One machine from start to end, with the process around it.
final class MachineRun {
    private final PrintStream out;
    private final PrintStream err;

    MachineRun(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    static String images() {
        throw new UsageException("images: the catalogue is not part of this build");
    }

    static String parts(Option option, @Nullable String type) {
        throw new UsageException(option.text() + " " + type + ": the device types are not part of this build");
    }

    int boot(@Nullable String image, Options options) {
        throw new UsageException("boot " + image + options.words() + ": the catalogue is not part of this build");
    }

    int run(MachineConfig config) {
        out.flush();
        err.flush();
        throw new UsageException(config.name() + ": the machine is not part of this build");
    }
}
