package io.sluice.guest.debian;

import io.sluice.guest.GuestCache;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeMap;

/// What the kernel package gives: the kernel, and modules with all that they need.
///
/// The package says nothing about dependencies (depmod would, where it is installed), so one pass over the package
/// reads
/// them out of the modules and keeps them in a list in the cache. Going through the package takes seconds, so what was
/// taken out stays in the cache.
final class KernelFiles {
    private static final String INDEX = "modules.index";

    private final GuestCache cache;
    private final DebPackage file;
    private final String release;

    KernelFiles(GuestCache cache, DebPackage file, String release) {
        this.cache = cache;
        this.file = file;
        this.release = release;
    }

    private String inCache(String name) {
        return "debian/" + release + "/" + name;
    }

    Path kernel(Progress progress) throws IOException {
        var target = cache.resolve(inCache("vmlinuz"));
        if (Files.exists(target)) {
            return target;
        }
        progress.step("unpacking the kernel", 0, 0);
        file.files((path, content) -> {
            if (path.startsWith("/boot/vmlinuz-") || path.endsWith("/" + release + "/vmlinuz")) {
                cache.store(inCache("vmlinuz"), content.read());
                return false;
            }
            return true;
        });
        if (!Files.exists(target)) {
            throw Packages.refusal("linux-image-" + release, "it holds no kernel");
        }
        return target;
    }

    /// The modules in the order in which they are to be loaded, by the name of the file.
    List<Path> modules(Set<String> wanted, Progress progress) throws IOException {
        if (wanted.isEmpty()) {
            return List.of();
        }
        var index = index(progress);
        var order = new LinkedHashSet<String>();
        for (String name : wanted) {
            collect(ModuleFile.normal(name), index, order, new ArrayList<>());
        }
        var missing = new LinkedHashSet<>(order);
        missing.removeIf(name -> Files.exists(module(name)));
        if (!missing.isEmpty()) {
            extract(missing, progress);
        }
        return order.stream().map(this::module).toList();
    }

    private Path module(String name) {
        return cache.resolve(inCache("modules/" + name + ".ko"));
    }

    private static void collect(
            String name, Map<String, List<String>> index, SequencedSet<String> order, List<String> path) {
        var needed = index.get(name);
        if (needed == null) {
            throw new PluginException("the kernel package has no module " + name);
        }
        if (order.contains(name) || path.contains(name)) {
            return;
        }
        path.add(name);
        needed.forEach(other -> collect(other, index, order, path));
        path.removeLast();
        order.add(name);
    }

    private void extract(Set<String> names, Progress progress) throws IOException {
        var left = new LinkedHashSet<>(names);
        progress.step("unpacking kernel modules", 0, names.size());
        file.files((path, content) -> {
            String name = ModuleFile.nameOf(path);
            if (isModule(path) && left.remove(name)) {
                cache.store(inCache("modules/" + name + ".ko"), plain(path, content.read()));
                progress.step("unpacking kernel modules", names.size() - left.size(), names.size());
            }
            return !left.isEmpty();
        });
    }

    private Map<String, List<String>> index(Progress progress) throws IOException {
        var target = cache.resolve(inCache(INDEX));
        if (!Files.exists(target)) {
            progress.step("reading what kernel modules need", 0, 0);
            var lines = new StringBuilder();
            file.files((path, content) -> {
                if (isModule(path)) {
                    var needed = ModuleFile.dependencies(plain(path, content.read()));
                    lines.append(ModuleFile.nameOf(path))
                            .append(':')
                            .append(String.join(",", needed))
                            .append('\n');
                }
                return true;
            });
            cache.store(inCache(INDEX), lines.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        var index = new TreeMap<String, List<String>>();
        for (String line : Files.readAllLines(target)) {
            int colon = line.indexOf(':');
            String needed = line.substring(colon + 1);
            index.put(line.substring(0, colon), needed.isEmpty() ? List.of() : List.of(needed.split(",")));
        }
        return index;
    }

    private static boolean isModule(String path) {
        return path.endsWith(".ko") || path.endsWith(".ko.xz");
    }

    /// Newer kernels have their modules compressed.
    private static byte[] plain(String path, byte[] content) throws IOException {
        if (!path.endsWith(".xz")) {
            return content;
        }
        try (var stream = new org.tukaani.xz.XZInputStream(new java.io.ByteArrayInputStream(content))) {
            return stream.readAllBytes();
        }
    }
}
