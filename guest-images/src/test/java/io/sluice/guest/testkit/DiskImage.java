package io.sluice.guest.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// Disk images of the host, and the host's programs for them.
public final class DiskImage {
    /// Where the first partition starts that a guest makes with fdisk.
    public static final int PARTITION = 2048 * 512;

    private DiskImage() {}

    /// An image of zeros.
    public static Path empty(Path path, long bytes) {
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    /// An image with an ext4 file system where the first partition will be, for guests that have no mke2fs.
    public static Path formatted(Path path, long bytes) {
        empty(path, bytes);
        run(
                "mke2fs",
                "-q",
                "-t",
                "ext4",
                "-E",
                "offset=" + PARTITION,
                path.toString(),
                (bytes - PARTITION) / 1024 + "k");
        return path;
    }

    /// What e2fsck finds in the first partition, which it does not change; it fails if something is wrong.
    public static String check(Path path) {
        return run("e2fsck", "-fn", path + "?offset=" + PARTITION);
    }

    /// Runs a program of the host's to its end.
    public static String run(String... command) {
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(said).isTrue();
            assertThat(process.exitValue()).as(said).isZero();
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
