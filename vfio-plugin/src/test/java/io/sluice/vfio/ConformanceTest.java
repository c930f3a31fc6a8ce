package io.sluice.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The tests that docs/conformance names are there.
class ConformanceTest {
    private static final Path ROOT = Path.of(System.getProperty("sluice.root", ".."));
    private static final Pattern METHOD = Pattern.compile("\\bvoid ([a-z][A-Za-z0-9]*)\\(");
    private static final Pattern QUOTED = Pattern.compile("`([A-Za-z]*(?:Test|Benchmark))?\\.?([a-z][A-Za-z0-9]*)?`");

    /// The methods of each test class, by the class' name.
    private static Map<String, Set<String>> tests() throws IOException {
        var tests = new HashMap<String, Set<String>>();
        for (var module : List.of("vfio-plugin", "mdev-samples")) {
            List<Path> files;
            try (var all = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                files = all.filter(file -> file.toString().endsWith("Test.java"))
                        .toList();
            }
            for (var file : files) {
                var name = file.getFileName().toString().replace(".java", "");
                var methods = METHOD.matcher(Files.readString(file));
                var all = tests.computeIfAbsent(name, key -> new HashSet<>());
                methods.results().forEach(found -> all.add(found.group(1)));
            }
        }
        return tests;
    }

    @Test
    void everyTestThatIsNamedIsThere() throws IOException {
        var tests = tests();
        var methods = new HashSet<String>();
        tests.values().forEach(methods::addAll);
        var missing = new ArrayList<String>();
        int named = 0;
        List<Path> documents;
        try (var all = Files.list(ROOT.resolve("docs/conformance"))) {
            documents = all.sorted().toList();
        }
        for (var document : documents) {
            var rows = Files.readAllLines(document).stream()
                    .filter(line -> line.startsWith("|"))
                    .toList();
            for (var row : rows) {
                var quoted = QUOTED.matcher(row);
                while (quoted.find()) {
                    var type = quoted.group(1);
                    var method = quoted.group(2);
                    if (type == null && (method == null || method.chars().noneMatch(Character::isUpperCase))) {
                        continue;
                    }
                    named++;
                    boolean there = type == null
                            ? methods.contains(method)
                            : tests.containsKey(type)
                                            && (method == null
                                                    || tests.get(type).contains(method))
                                    || type.endsWith("Benchmark");
                    if (!there) {
                        missing.add(document.getFileName() + ": " + quoted.group());
                    }
                }
            }
        }

        assertThat(missing).isEmpty();
        assertThat(named).as("a reader that finds nothing proves nothing").isGreaterThan(200);
    }
}
