package io.sluice.vmm.app;

import java.util.List;

/// Where the process starts.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> InternalError.report(System.err, failure));
        System.exit(new Sluice(System.out, System.err).run(List.of(arguments)));
    }
}
