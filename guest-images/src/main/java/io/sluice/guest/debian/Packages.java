package io.sluice.guest.debian;

import io.sluice.guest.GuestCache;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The two packages that the guest is made of, in the cache: once had, they are used without asking apt again.
final class Packages {
    private static final String KERNEL_META = "linux-image-amd64";
    private static final String BUSYBOX = "busybox-static";
    private static final String MANIFEST = "debian/packages.properties";
    private static final Pattern KERNEL = Pattern.compile("(linux-image-[0-9][0-9A-Za-z.+-]*-amd64)\\b");

    /// @param release the kernel's release, such as `6.1.0-56-amd64`
    record Pair(DebPackage kernel, String release, DebPackage busybox) {}

    /// Where Debian has apt.
    static final Path COMMANDS = Path.of("/usr/bin");

    private final GuestCache cache;
    private final Path commands;

    /// @param commands directory of `apt-get` and `apt-cache`
    Packages(GuestCache cache, Path commands) {
        this.cache = cache;
        this.commands = commands;
    }

    /// From the cache, or through apt. Called under the cache's lock.
    Pair get(Progress progress) throws IOException {
        var manifest = cache.resolve(MANIFEST);
        if (Files.exists(manifest)) {
            var names = new Properties();
            try (var reader = Files.newBufferedReader(manifest)) {
                names.load(reader);
            }
            var kernel = cache.resolve("debian").resolve(names.getProperty("kernel", ""));
            var busybox = cache.resolve("debian").resolve(names.getProperty("busybox", ""));
            String release = names.getProperty("release", "");
            if (Files.isRegularFile(kernel) && Files.isRegularFile(busybox) && !release.isEmpty()) {
                return new Pair(new DebPackage(kernel), release, new DebPackage(busybox));
            }
        }
        return fetch(progress);
    }

    private Pair fetch(Progress progress) throws IOException {
        var apt = new Apt(cache.resolve("apt"), commands);
        var meta = find(apt, KERNEL_META, progress);
        Matcher concrete = KERNEL.matcher(meta.depends());
        if (!concrete.find()) {
            throw refusal(KERNEL_META, "it depends on no kernel: " + meta.depends());
        }
        String kernelName = concrete.group(1);
        var kernel = fetch(apt, kernelName, progress);
        var busybox = fetch(apt, BUSYBOX, progress);
        String release = kernelName.substring("linux-image-".length());
        String manifest =
                "kernel=" + kernel.getFileName() + "\nbusybox=" + busybox.getFileName() + "\nrelease=" + release + "\n";
        cache.store(MANIFEST, manifest.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return new Pair(new DebPackage(kernel), release, new DebPackage(busybox));
    }

    private static Apt.Known find(Apt apt, String name, Progress progress) {
        try {
            return apt.find(name, progress);
        } catch (IOException e) {
            throw refusal(name, reason(e));
        }
    }

    private Path fetch(Apt apt, String name, Progress progress) throws IOException {
        var known = find(apt, name, progress);
        var target = cache.resolve("debian").resolve(fileName(known));
        if (Files.isRegularFile(target) && Files.size(target) == known.size()) {
            return target;
        }
        Files.createDirectories(target.getParent());
        var directory = Files.createTempDirectory(target.getParent(), ".download");
        try {
            var file = apt.download(known, directory, progress);
            if (!known.sha256().isEmpty()
                    && !GuestCache.digest(Files.readAllBytes(file)).equals(known.sha256())) {
                throw refusal(name, "what came is not what its checksum says");
            }
            return Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw refusal(name, reason(e));
        } finally {
            remove(directory);
        }
    }

    /// The epoch's colon and whatever else is no good in a file name become a dash.
    private static String fileName(Apt.Known known) {
        return (known.name() + "_" + known.version()).replaceAll("[^0-9A-Za-z.+~_-]", "-") + ".deb";
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (var file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(directory);
    }

    private static String reason(IOException e) {
        String text = String.valueOf(e.getMessage());
        return text.contains("Cannot run program") ? "this machine has no apt" : text;
    }

    static PluginException refusal(String name, String why) {
        return new PluginException(
                "cannot get package " + name + ": " + why + "; run `apt-get update` or use `sluice boot hello`");
    }
}
