package io.sluice.vmm.testkit;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// A page of Prometheus text (format 0.0.4), read strictly: what a lenient reader would let pass is an error here.
public final class Scrape {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL =
            Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\"\\\\n])*)\"(,|$)");
    private static final Set<String> TYPES = Set.of("counter", "gauge", "histogram", "summary", "untyped");

    private final Map<String, String> types = new HashMap<>();
    private final Map<String, String> helps = new HashMap<>();
    private final Map<String, Set<String>> keys = new TreeMap<>();
    private final Set<String> ended = new HashSet<>();
    private final Map<String, Double> samples = new LinkedHashMap<>();
    /// The last bucket of each histogram: its bound and its count.
    private final Map<String, double[]> buckets = new HashMap<>();

    private String family = "";

    /// @throws AssertionError naming the line that is wrong
    public static Scrape parse(String text) {
        require(text.endsWith("\n"), "the last line does not end", text);
        var page = new Scrape();
        text.lines().forEach(page::line);
        page.end();
        return page;
    }

    /// The value of a series, as `name{key="value",…}` with its labels sorted.
    public double value(String series) {
        var value = samples.get(series);
        if (value == null) {
            throw new AssertionError("there is no series " + series);
        }
        return value;
    }

    /// The sum over all series of a name.
    public double sum(String name) {
        return samples.entrySet().stream()
                .filter(e -> e.getKey().equals(name) || e.getKey().startsWith(name + "{"))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    public boolean has(String name) {
        return samples.keySet().stream().anyMatch(s -> s.equals(name) || s.startsWith(name + "{"));
    }

    /// A line of a Markdown table for each family whose name has a prefix, by name: its kind, its tags, its help.
    public String table(String prefix) {
        var text = new StringBuilder();
        keys.forEach((name, tags) -> {
            if (name.startsWith(prefix)) {
                text.append("| `%s` | %s | %s | %s |%n"
                        .formatted(name, types.get(name), String.join(", ", tags), helps.get(name)));
            }
        });
        return text.toString();
    }

    private void line(String line) {
        if (line.startsWith("# HELP ")) {
            var words = line.split(" ", 4);
            require(words.length == 4, "no help", line);
            begin(words[2], line);
            require(helps.put(words[2], words[3]) == null, "two helps", line);
        } else if (line.startsWith("# TYPE ")) {
            var words = line.split(" ", -1);
            require(words.length == 4 && TYPES.contains(words[3]), "no such type", line);
            begin(words[2], line);
            require(types.put(words[2], words[3]) == null, "two types", line);
        } else {
            sample(line);
        }
    }

    private void begin(String name, String line) {
        require(NAME.matcher(name).matches(), "no name", line);
        if (!name.equals(family)) {
            end();
            family = name;
            require(!ended.contains(name), "a family in two pieces", line);
        }
    }

    private void end() {
        ended.add(family);
        buckets.forEach((series, last) ->
                require(last[0] == Double.POSITIVE_INFINITY, "no bucket for the rest", family + series));
        buckets.clear();
    }

    private void sample(String line) {
        var match = SAMPLE.matcher(line);
        require(match.matches(), "no sample", line);
        var name = match.group(1);
        double value = number(match.group(3), line);
        var labels = labels(match.group(2) == null ? "" : match.group(2), line);
        var type = types.get(family);
        var known = keys.computeIfAbsent(family, f -> new TreeSet<>());
        known.addAll(labels.keySet());
        known.remove("le");
        require(type != null, "a sample before its type", line);
        if ("histogram".equals(type)) {
            histogram(name.substring(Math.min(name.length(), family.length())), labels, value, line);
        } else if (!"summary".equals(type)) {
            require(name.equals(family), "a sample of another family", line);
        }
        require(!"counter".equals(type) || value >= 0, "a counter below 0", line);
        require(samples.put(name + text(labels), value) == null, "a series twice", line);
    }

    private void histogram(String suffix, TreeMap<String, String> labels, double value, String line) {
        require(Set.of("_bucket", "_count", "_sum").contains(suffix), "no part of a histogram", line);
        var others = new TreeMap<>(labels);
        var bound = others.remove("le");
        if (suffix.equals("_bucket")) {
            if (bound == null) {
                throw new AssertionError("a bucket without a bound: " + line);
            }
            var last = buckets.getOrDefault(text(others), new double[] {Double.NEGATIVE_INFINITY, 0});
            double le = number(bound, line);
            require(le > last[0] && value >= last[1], "buckets do not grow", line);
            buckets.put(text(others), new double[] {le, value});
        } else if (suffix.equals("_count")) {
            var last = buckets.get(text(others));
            require(last != null && last[1] == value, "the count is not the last bucket's", line);
        }
    }

    private static TreeMap<String, String> labels(String text, String line) {
        var all = new TreeMap<String, String>();
        var match = LABEL.matcher(text);
        int at = 0;
        while (at < text.length()) {
            require(match.find(at) && match.start() == at, "no label", line);
            require(all.put(match.group(1), match.group(2)) == null, "a label twice", line);
            at = match.end();
        }
        return all;
    }

    private static String text(TreeMap<String, String> labels) {
        if (labels.isEmpty()) {
            return "";
        }
        var text = new StringBuilder();
        labels.forEach((key, value) -> text.append(text.isEmpty() ? "{" : ",")
                .append(key)
                .append("=\"")
                .append(value)
                .append('"'));
        return text.append('}').toString();
    }

    private static double number(String text, String line) {
        if (text.equals("+Inf")) {
            return Double.POSITIVE_INFINITY;
        }
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new AssertionError("no number: " + line, e);
        }
    }

    private static void require(boolean holds, String fault, String line) {
        if (!holds) {
            throw new AssertionError(fault + ": " + line);
        }
    }
}
