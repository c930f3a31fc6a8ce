package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// Runs jcstress over the stress tests of a module in a JVM of its own, with the flags of the product.
public final class StressRun {
    private static final long MOST_MINUTES = 5;

    private StressRun() {}

    /// Fails unless all tests below a package ran and none saw what it forbids.
    ///
    /// @param scratch where its reports go
    /// @param count how many tests there are
    public static void assertHold(Path scratch, String root, int count) throws IOException, InterruptedException {
        var output = scratch.resolve("output.txt");
        var process = new ProcessBuilder(command(scratch, root))
                .directory(scratch.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(MOST_MINUTES, TimeUnit.MINUTES)) {
                fail("jcstress did not end in " + MOST_MINUTES + " minutes:\n" + Files.readString(output));
            }
        } finally {
            process.destroyForcibly();
        }
        var said = Files.readString(output);
        assertThat(process.exitValue()).as(said).isZero();
        assertThat(said).as("all of them ran").contains(count + " passed, 0 failed, 0 soft errs, 0 hard errs");
    }

    private static List<String> command(Path scratch, String root) {
        var command = new ArrayList<String>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.openjdk.jcstress.Main"));
        command.addAll(List.of("-t", "^" + Pattern.quote(root + ".")));
        command.addAll(List.of("-r", scratch.toString(), "-f", "1", "-iters", "5", "-time", "200", "-sc", "false"));
        command.addAll(List.of("-af", "NONE", "-jvmArgs", String.join(" ", FLAGS)));
        return command;
    }

    private static final List<String> FLAGS = List.of(
            "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Xmx512m");
}
