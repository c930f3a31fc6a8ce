package io.sluice.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The tests that docs/conformance names are there.
class ConformanceTest {
    private static final Path DOCUMENTS = Path.of(System.getProperty("sluice.root", ".."), "docs", "conformance");
    private static final Pattern QUOTED = Pattern.compile("`([A-Za-z]*(?:Test|Benchmark))?\\.?([a-z][A-Za-z0-9]*)?`");

    /// The methods of each test class, by the class' simple name.
    private static Map<String, Set<String>> tests() throws IOException, URISyntaxException, ClassNotFoundException {
        var root = Path.of(ConformanceTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        var tests = new HashMap<String, Set<String>>();
        List<Path> files;
        try (var all = Files.walk(root)) {
            files = all.filter(file -> file.toString().endsWith("Test.class")).toList();
        }
        for (var file : files) {
            var name = root.relativize(file).toString().replace('/', '.').replaceFirst("\\.class$", "");
            var type = Class.forName(name, false, ConformanceTest.class.getClassLoader());
            tests.computeIfAbsent(type.getSimpleName(), key -> new HashSet<>())
                    .addAll(Arrays.stream(type.getDeclaredMethods())
                            .map(Method::getName)
                            .toList());
        }
        return tests;
    }

    @Test
    void everyTestThatIsNamedIsThere() throws Exception {
        var tests = tests();
        var methods = new HashSet<String>();
        tests.values().forEach(methods::addAll);
        var missing = new ArrayList<String>();
        int named = 0;
        List<Path> documents;
        try (var all = Files.list(DOCUMENTS)) {
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
