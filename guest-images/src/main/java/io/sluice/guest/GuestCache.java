package io.sluice.guest;

import io.sluice.vmm.plugin.PluginException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.locks.ReentrantLock;

/// The directory in which prepared guests are kept.
///
/// A file appears under its name only when it is complete. What takes several steps is done under [#exclusively], so
/// that two processes that prepare the same guest do the work once.
public final class GuestCache {
    /// A task that prepares something.
    @FunctionalInterface
    public interface Task<T> {
        T run() throws IOException;
    }

    /// File locks belong to the process, so threads of one process need this one besides.
    private static final ReentrantLock IN_PROCESS = new ReentrantLock();

    private static final Duration KEPT = Duration.ofDays(7);

    private final Path directory;

    private GuestCache(Path directory) {
        this.directory = directory;
    }

    public static GuestCache at(Path directory) {
        return new GuestCache(directory);
    }

    /// `$SLUICE_CACHE`, or `sluice` in the user's cache directory.
    public static GuestCache ofUser() {
        return new GuestCache(place(
                System.getenv().getOrDefault("SLUICE_CACHE", ""),
                System.getenv().getOrDefault("XDG_CACHE_HOME", ""),
                System.getProperty("user.home")));
    }

    /// A relative XDG_CACHE_HOME counts for nothing, as its specification says.
    static Path place(String sluiceCache, String xdgCacheHome, String home) {
        if (!sluiceCache.isEmpty()) {
            return Path.of(sluiceCache).toAbsolutePath();
        }
        boolean usable = !xdgCacheHome.isEmpty() && Path.of(xdgCacheHome).isAbsolute();
        return (usable ? Path.of(xdgCacheHome) : Path.of(home, ".cache")).resolve("sluice");
    }

    public Path directory() {
        return directory;
    }

    public Path resolve(String name) {
        return directory.resolve(name);
    }

    /// Runs `task` while no other process or thread runs one on this cache.
    public <T> T exclusively(Task<T> task) {
        IN_PROCESS.lock();
        try {
            Files.createDirectories(directory);
            try (var channel = FileChannel.open(
                            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.lock()) {
                if (!held.isValid()) {
                    throw new IllegalStateException("a lock that is not valid: " + held);
                }
                return task.run();
            }
        } catch (IOException e) {
            throw new PluginException("cannot prepare the guest in " + directory + ": " + e);
        } finally {
            IN_PROCESS.unlock();
        }
    }

    /// Puts a file in place, complete or not at all.
    public Path store(String name, byte[] content) throws IOException {
        var target = directory.resolve(name);
        Files.createDirectories(target.getParent());
        var partial = Files.createTempFile(target.getParent(), ".partial", "");
        try {
            Files.write(partial, content);
            return Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /// Puts a file in place under a name that tells its content, unless it is there. Others of its kind that nobody
    /// asked for in a week are removed, so that variants do not pile up.
    public Path storeByContent(String stem, String extension, byte[] content) throws IOException {
        String name = stem + "-" + digest(content).substring(0, 16) + extension;
        var target = directory.resolve(name);
        if (Files.exists(target) && Files.size(target) == content.length) {
            Files.setLastModifiedTime(target, FileTime.from(Instant.now()));
        } else {
            store(name, content);
        }
        String prefix = target.getFileName()
                .toString()
                .substring(0, target.getFileName().toString().lastIndexOf('-'));
        var old = FileTime.from(Instant.now().minus(KEPT));
        try (var siblings = Files.newDirectoryStream(target.getParent(), prefix + "-*" + extension)) {
            for (var sibling : siblings) {
                if (Files.getLastModifiedTime(sibling).compareTo(old) < 0) {
                    Files.deleteIfExists(sibling);
                }
            }
        }
        return target;
    }

    /// SHA-256 in hexadecimal digits.
    public static String digest(byte[] content) {
        try {
            return HexFormat.of()
                    .formatHex(
                            java.security.MessageDigest.getInstance("SHA-256").digest(content));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
