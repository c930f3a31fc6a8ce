package io.sluice.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// What docs/writing-an-mdev.md quotes stands so in the sources.
class TutorialTest {
    private static final Path ROOT = Path.of(System.getProperty("sluice.root", ".."));
    private static final Path TEXT = ROOT.resolve("docs/writing-an-mdev.md");
    private static final Pattern QUOTE = Pattern.compile("(?:`([\\w-]+\\.java)`\n)?```java\n(.*?)```", Pattern.DOTALL);
    /// Lines that are left out.
    private static final String GAP = "…";

    private record Quote(String file, List<String> lines) {}

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    private static List<Quote> quotes() {
        return QUOTE.matcher(read(TEXT)).results().map(TutorialTest::quote).toList();
    }

    private static Quote quote(MatchResult found) {
        return new Quote(found.group(1) == null ? "a file that is not named" : found.group(1), lines(found.group(2)));
    }

    /// The sources of the sample, its tests among them, and of the module.
    private static List<String> source(String name) {
        try (Stream<Path> files = Files.walk(ROOT.resolve("mdev-samples/src"))) {
            var found = files.filter(file -> file.endsWith(name))
                    .filter(file ->
                            file.endsWith("module-info.java") || file.toString().contains("ring"))
                    .toList();
            assertThat(found).as(name).hasSize(1);
            return lines(read(found.getFirst()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The parts between gaps, each of which stands whole in the source.
    private static List<List<String>> parts(List<String> lines) {
        var parts = new ArrayList<List<String>>(List.of(new ArrayList<>()));
        for (var line : lines) {
            if (line.equals(GAP)) {
                parts.add(new ArrayList<>());
            } else {
                parts.getLast().add(line);
            }
        }
        return parts;
    }

    @TestFactory
    Stream<DynamicTest> eachQuoteStandsInItsFile() {
        return quotes().stream()
                .map(quote -> DynamicTest.dynamicTest(quote.file + ": " + quote.lines.getFirst(), () -> {
                    var source = source(quote.file);
                    assertThat(parts(quote.lines))
                            .allSatisfy(part -> assertThat(Collections.indexOfSubList(source, part))
                                    .as(String.join("\n", part))
                                    .isNotNegative());
                }));
    }

    @Test
    void thereIsMuchToSee() {
        assertThat(quotes()).hasSizeGreaterThan(20);
    }

    @Test
    void everyStepIsInTheListAtTheTop() {
        var text = read(TEXT);
        var headings = text.lines()
                .filter(line -> line.startsWith("## "))
                .map(line -> line.substring(3))
                .toList();

        assertThat(headings).hasSize(13).allSatisfy(heading -> assertThat(text).contains("(#" + anchor(heading) + ")"));
    }

    private static String anchor(String heading) {
        return String.join(
                        "-",
                        Arrays.asList(heading.toLowerCase(java.util.Locale.ROOT).split(" ")))
                .replaceAll("[.,]", "");
    }
}
