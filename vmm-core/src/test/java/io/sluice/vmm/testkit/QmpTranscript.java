package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Plays a written conversation with a control socket and compares what comes back, line by line.
///
/// A transcript is a text file:
///
/// ```
/// # A remark. Empty lines mean nothing.
/// -> {"execute": "stop"}
/// <- {"timestamp": @, "event": "STOP"}
/// <- {"return": {}}
/// ```
///
/// - `->` is sent as it stands, with a newline after it.
/// - `<-` is one line that must come, before anything else does. In it `@` stands for any number, text in quotes,
/// `true`,
///   `false`, `null`, array or object, and `...` for any text at all.
/// - `->|` is sent with no newline.
/// - `<>` says that nothing comes: a `query-version` of the runner's own is answered next.
/// - `== closed` says that the other side ends the connection.
///
/// The greeting and the negotiation are the runner's, unless the first line of the file is `== raw`. Timestamps of
/// events
/// and ids of commands that the runner makes up are masked. With `-Dsluice.golden=accept` the lines that came replace
/// those of the file where they differ; look at the difference before you keep it.
public final class QmpTranscript {
    private static final String RAW = "== raw";
    private static final Pattern TIMESTAMP =
            Pattern.compile("\"timestamp\": \\{\"seconds\": -?\\d+, \"microseconds\": -?\\d+}");
    private static final String ANY_VALUE =
            "(?:@|-?[0-9][-+.0-9eE]*|\"(?:[^\"\\\\]|\\\\.)*\"|true|false|null|\\[.*]|\\{.*})";
    private static final String MARK = "{\"execute\": \"query-version\", \"id\": \"transcript-mark\"}";

    private final Path file;
    private final QmpTestClient client;
    private final List<String> seen = new ArrayList<>();

    private QmpTranscript(Path file, QmpTestClient client) {
        this.file = file;
        this.client = client;
    }

    /// Plays `file`, a path from the root of the repository, over a connection that has said nothing yet.
    public static void play(String file, QmpTestClient client) {
        var path = Path.of(System.getProperty("sluice.root", "..")).resolve(file);
        var transcript = new QmpTranscript(path, client);
        try {
            var script = Files.readAllLines(path);
            transcript.play(script);
            if ("accept".equals(System.getProperty("sluice.golden"))) {
                Files.write(path, transcript.seen);
            } else {
                assertThat(transcript.seen).as(file).isEqualTo(script);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Every transcript of a directory, by name without its ending; for dynamic tests.
    public static Map<String, String> all(String directory) {
        var root = Path.of(System.getProperty("sluice.root", ".."));
        var found = new TreeMap<String, String>();
        try (var files = Files.list(root.resolve(directory))) {
            files.filter(path -> path.toString().endsWith(".qmp"))
                    .forEach(path -> found.put(
                            path.getFileName().toString().replace(".qmp", ""),
                            root.relativize(path).toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private void play(List<String> script) throws IOException {
        if (script.isEmpty() || !script.getFirst().equals(RAW)) {
            client.negotiate();
        }
        for (var line : script) {
            step(line);
        }
    }

    private void step(String line) throws IOException {
        if (line.startsWith("->|")) {
            client.sendRaw(line.substring(3).strip());
            seen.add(line);
        } else if (line.startsWith("->")) {
            client.send(line.substring(2).strip());
            seen.add(line);
        } else if (line.startsWith("<-")) {
            expect(line);
        } else if (line.equals("<>")) {
            client.send(MARK);
            var answer = client.receive();
            seen.add(answer.contains("transcript-mark") ? line : "<- " + mask(answer));
        } else if (line.equals("== closed")) {
            seen.add(client.isClosed() ? line : "== open");
        } else if (line.isBlank() || line.startsWith("#") || line.equals(RAW)) {
            seen.add(line);
        } else {
            throw new IllegalArgumentException(file + ": not a line of a transcript: " + line);
        }
    }

    private void expect(String line) throws IOException {
        var wanted = line.substring(2).strip();
        var came = mask(client.receive());
        seen.add(pattern(wanted).matcher(came).matches() ? line : "<- " + came);
    }

    private static String mask(String line) {
        return TIMESTAMP.matcher(line).replaceAll("\"timestamp\": @");
    }

    /// What a line with `@` and `...` in it stands for. A timestamp is masked in what came, so `@` may be just that.
    static Pattern pattern(String wanted) {
        var quoted = new StringBuilder();
        var parts = Pattern.compile("@|\\.\\.\\.").matcher(wanted);
        int from = 0;
        while (parts.find()) {
            quoted.append(Pattern.quote(wanted.substring(from, parts.start())));
            quoted.append(parts.group().equals("@") ? ANY_VALUE : ".*");
            from = parts.end();
        }
        quoted.append(Pattern.quote(wanted.substring(from)));
        return Pattern.compile(quoted.toString());
    }
}
