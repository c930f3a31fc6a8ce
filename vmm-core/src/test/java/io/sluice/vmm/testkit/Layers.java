package io.sluice.vmm.testkit;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `docs/layers.txt`, read and put to use.
public final class Layers {
    private static final String ROOT = "io.sluice.";

    private final Map<String, String> libraries = new HashMap<>();
    private final Map<String, List<String>> sets = new HashMap<>();
    private final Map<String, Set<String>> rooms = new LinkedHashMap<>();
    private final List<String> faults = new ArrayList<>();

    private Layers() {}

    /// Reads the file's lines. What is wrong with the file itself is among [#faults].
    public static Layers parse(List<String> lines) {
        var layers = new Layers();
        for (var line : lines) {
            layers.read(line.strip());
        }
        layers.rooms.forEach((room, uses) -> layers.checkOrder(room, uses));
        return layers;
    }

    private void read(String line) {
        if (line.isEmpty() || line.startsWith("#")) {
            return;
        }
        var words = List.of(line.split("\\s+"));
        if (words.get(0).equals("library")) {
            libraries.put(words.get(1), words.get(3));
        } else if (words.get(0).equals("set")) {
            sets.put(words.get(1), expand(words.subList(3, words.size())));
        } else if (words.size() > 1 && words.get(1).equals(":")) {
            rooms.put(words.get(0), new LinkedHashSet<>(expand(words.subList(2, words.size()))));
        } else {
            faults.add("not a line of layers.txt: " + line);
        }
    }

    private List<String> expand(List<String> names) {
        return names.stream()
                .flatMap(name -> sets.getOrDefault(name, List.of(name)).stream())
                .toList();
    }

    private void checkOrder(String room, Set<String> uses) {
        var order = new ArrayList<>(rooms.keySet());
        for (var used : uses) {
            if (!libraries.containsKey(used) && order.indexOf(used) <= order.indexOf(room)) {
                faults.add(room + " names " + used + ", which is not a room below it");
            }
        }
    }

    /// What is wrong with the file: unreadable lines, rooms that name rooms beside or above them.
    public List<String> faults() {
        return faults;
    }

    /// The room of a package, by its full name.
    public Optional<String> room(String packageName) {
        if (!packageName.startsWith(ROOT)) {
            return Optional.empty();
        }
        var name = packageName.substring(ROOT.length());
        if (rooms.containsKey(name)) {
            return Optional.of(name);
        }
        return rooms.keySet().stream()
                .filter(room -> room.endsWith(".*") && name.startsWith(room.substring(0, room.length() - 1)))
                .findFirst();
    }

    /// Every use that the file does not allow, one line each, and every class without a room.
    public List<String> violations(JavaClasses classes) {
        var found = new LinkedHashSet<String>();
        for (var type : classes) {
            var room = room(type.getPackageName());
            if (room.isEmpty()) {
                found.add(type.getPackageName() + " is no room of docs/layers.txt");
            } else {
                type.getDirectDependenciesFromSelf().stream()
                        .filter(use -> !isAllowed(room.get(), type, use))
                        .map(use -> room.get() + " must not use "
                                + use.getTargetClass().getPackageName() + ": " + use.getDescription())
                        .forEach(found::add);
            }
        }
        return List.copyOf(found);
    }

    private boolean isAllowed(String room, JavaClass type, Dependency use) {
        var target = use.getTargetClass().getBaseComponentType();
        var targetPackage = target.getPackageName();
        if (target.isPrimitive() || targetPackage.equals(type.getPackageName()) || isCommon(targetPackage)) {
            return true;
        }
        var uses = rooms.getOrDefault(room, Set.of());
        return room(targetPackage)
                .map(uses::contains)
                .orElseGet(() -> uses.stream()
                        .map(libraries::get)
                        .anyMatch(prefix -> prefix != null && (targetPackage + ".").startsWith(prefix + ".")));
    }

    private static boolean isCommon(String packageName) {
        return packageName.startsWith("org.jspecify.")
                || packageName.startsWith("java.") && !packageName.startsWith("java.util.logging");
    }
}
