package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Compares text with a file that stands in the test resources of a module.
///
/// The files are renewed only on purpose: run the test with `-Dsluice.golden=accept`, and look at the difference.
public final class Golden {
    private Golden() {}

    /// @param file path from the root of the repository
    public static void check(String file, String actual) {
        var path = Path.of(System.getProperty("sluice.root", "..")).resolve(file);
        try {
            if ("accept".equals(System.getProperty("sluice.golden"))) {
                Files.createDirectories(path.getParent());
                Files.writeString(path, actual);
            }
            assertThat(actual).as(file).isEqualTo(Files.readString(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
