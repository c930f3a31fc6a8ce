package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Compares long text with a file under `vmm-core/src/test/golden`. To accept what the code says now, run the test with
/// `-Dsluice.golden=accept` and read the difference before committing it.
public final class Golden {
    private Golden() {}

    public static void check(String file, String text) throws IOException {
        var path = Path.of(System.getProperty("sluice.root", ".."), "vmm-core", "src", "test", "golden", file);
        if (System.getProperty("sluice.golden", "").equals("accept")) {
            Files.createDirectories(path.getParent());
            Files.writeString(path, text);
        }

        assertThat(text).as("differs from golden file %s", file).isEqualTo(Files.readString(path));
    }
}
