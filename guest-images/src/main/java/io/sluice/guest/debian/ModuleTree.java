package io.sluice.guest.debian;

import io.sluice.guest.initramfs.Initramfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;

/// Modules as `modprobe` looks for them: the files, what each needs and what each is for, as depmod(8) writes it down.
final class ModuleTree {
    private final String directory;

    ModuleTree(String release) {
        this.directory = "/lib/modules/" + release + "/";
    }

    static String nameOf(Path module) {
        return ModuleFile.nameOf(module.toString());
    }

    /// @param modules with all that they need
    void addTo(Initramfs.Builder builder, Collection<Path> modules) throws IOException {
        var needs = new LinkedHashMap<String, List<String>>();
        var aliases = new StringBuilder();
        for (var module : modules) {
            byte[] content = Files.readAllBytes(module);
            String name = nameOf(module);
            builder.file(directory + module.getFileName(), 0644, content);
            needs.put(name, ModuleFile.dependencies(content));
            for (String alias : ModuleFile.aliases(content)) {
                aliases.append("alias ").append(alias).append(' ').append(name).append('\n');
            }
        }
        var dependencies = new StringBuilder();
        for (String name : needs.keySet()) {
            var all = new LinkedHashSet<String>();
            collect(name, needs, all);
            dependencies.append(name).append(".ko:");
            all.forEach(other -> dependencies.append(' ').append(other).append(".ko"));
            dependencies.append('\n');
        }
        builder.file(directory + "modules.dep", 0644, dependencies.toString());
        builder.file(directory + "modules.alias", 0644, aliases.toString());
    }

    /// What a module needs, each before what that needs in turn.
    private static void collect(String name, Map<String, List<String>> needs, SequencedSet<String> all) {
        var left = new ArrayList<>(needs.getOrDefault(name, List.of()));
        while (!left.isEmpty()) {
            String next = left.removeFirst();
            // Found once more further down: it is to be loaded before that one, too.
            all.remove(next);
            all.add(next);
            left.addAll(needs.getOrDefault(next, List.of()));
        }
    }
}
