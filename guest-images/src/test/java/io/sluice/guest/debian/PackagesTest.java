package io.sluice.guest.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.guest.GuestCache;
import io.sluice.vmm.plugin.PluginException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How packages are had, with scripts in apt's place that log what they were asked.
class PackagesTest {
    private static final String SHA256_OF_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

    @TempDir
    Path directory;

    private Path log;
    private GuestCache cache;

    @BeforeEach
    void aMachineWithApt() throws IOException {
        log = directory.resolve("log");
        cache = GuestCache.at(directory.resolve("cache"));
        script("apt-cache", """
                for package in linux-image-amd64 linux-image-6.1.0-9-amd64 busybox-static; do
                    case " $* " in *" $package "*)
                        echo "Package: $package"
                        echo "Version: 1:1.0"
                        echo "Depends: linux-image-6.1.0-9-amd64 (= 1.0), other"
                        echo "SHA256: %s"
                        echo "Size: 1" ;;
                    esac
                done
                """.formatted(SHA256_OF_X));
        script("apt-get", "printf x > $2.deb\n");
    }

    private void script(String name, String body) throws IOException {
        var file = Files.writeString(
                directory.resolve(name), "#!/bin/sh\necho \"" + name + " $*\" >> " + log + "\n" + body);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Packages.Pair get() {
        return cache.exclusively(() -> new Packages(cache, directory).get((what, done, total) -> {}));
    }

    private long logged(String text) throws IOException {
        return Files.readAllLines(log).stream()
                .filter(line -> line.contains(text))
                .count();
    }

    @Test
    void theConcreteKernelAndBusyboxAreDownloadedOnce() throws IOException {
        var first = get();
        var second = get();

        assertThat(first.release()).isEqualTo("6.1.0-9-amd64");
        assertThat(first.kernel().file()).hasContent("x");
        assertThat(second).isEqualTo(first);
        assertThat(logged("apt-get download linux-image-6.1.0-9-amd64=1:1.0")).isOne();
        assertThat(logged("apt-get download")).isEqualTo(2);
    }

    @Test
    void aPackageThatIsGoneFromTheCacheIsFetchedAgain() throws IOException {
        Files.delete(get().busybox().file());

        get();

        assertThat(logged("download busybox-static")).isEqualTo(2);
        assertThat(logged("download linux-image")).isOne();
    }

    @Test
    void whereListsAreMissingOnesOfOurOwnAreFetched() throws IOException {
        script("apt-cache", "exit 100\n");

        assertThatThrownBy(this::get).isInstanceOf(PluginException.class);

        assertThat(logged("apt-get update")).isOne();
        assertThat(logged("Dir::State=" + cache.resolve("apt/state"))).isPositive();
    }

    @Test
    void anUnknownPackageIsNamedWithAWayOut() throws IOException {
        script("apt-cache", "");
        script("apt-get", "echo 'E: Could not resolve the mirror' >&2; exit 100\n");

        assertThatThrownBy(this::get)
                .isInstanceOf(PluginException.class)
                .hasMessage("cannot get package linux-image-amd64: apt does not know it (Could not resolve the mirror);"
                        + " run `apt-get update` or use `sluice boot hello`");
    }

    @Test
    void aMachineWithoutAptSaysSo() throws IOException {
        Files.delete(directory.resolve("apt-cache"));

        assertThatThrownBy(this::get)
                .hasMessage("cannot get package linux-image-amd64: this machine has no apt;"
                        + " run `apt-get update` or use `sluice boot hello`");
    }

    @Test
    void aDownloadThatIsNotWhatItsChecksumSaysIsRefusedAndNotKept() throws IOException {
        script("apt-get", "printf y > $2.deb\n");

        assertThatThrownBy(this::get)
                .hasMessageStartingWith(
                        "cannot get package linux-image-6.1.0-9-amd64: what came is not what its checksum says");
        assertThat(Files.list(cache.resolve("debian"))).isEmpty();
    }
}
