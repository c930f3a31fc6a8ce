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
import org.jspecify.annotations.Nullable;

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
/// On a [QmpStage] there are also
///
/// - `== machine WORDS`: a new machine, such as the words say; with `raw` among them nothing is negotiated.
/// - `== console TEXT`: the guest prints this next.
/// - `== type TEXT`: somebody types this on the guest's console.
/// - `== never succeeds`: says that the command can only be refused.
/// - `$DIR`: a directory that is the machine's alone.
///
/// The greeting and the negotiation are the runner's, unless the first line of the file is `== raw`. Timestamps of
/// events and ids of commands that the runner makes up are masked. With `-Dsluice.golden=accept` the lines that came
/// replace those of the file where they differ; look at the difference before you keep it.
public final class QmpTranscript {
    /// The line of a transcript whose command can only be refused.
    public static final String NEVER = "== never succeeds";

    private static final String RAW = "== raw";
    private static final String MACHINE = "== machine";
    private static final String CONSOLE = "== console ";
    private static final String TYPE = "== type ";
    private static final String DIRECTORY = "$DIR";
    private static final Pattern TIMESTAMP =
            Pattern.compile("\"timestamp\": \\{\"seconds\": -?\\d+, \"microseconds\": -?\\d+}");
    private static final String ANY_VALUE =
            "(?:@|-?[0-9][-+.0-9eE]*|\"(?:[^\"\\\\]|\\\\.)*\"|true|false|null|\\[.*]|\\{.*})";
    private static final String MARK = "{\"execute\": \"query-version\", \"id\": \"transcript-mark\"}";

    private final Path file;
    private final @Nullable QmpStage stage;
    private final QmpJournal journal;
    private final List<String> seen = new ArrayList<>();
    private @Nullable QmpTestClient client;

    private QmpTranscript(Path file, @Nullable QmpTestClient client, @Nullable QmpStage stage, QmpJournal journal) {
        this.file = file;
        this.client = client;
        this.stage = stage;
        this.journal = journal;
    }

    /// Plays `file`, a path from the root of the repository, over a connection that has said nothing yet.
    public static void play(String file, QmpTestClient client) {
        new QmpTranscript(path(file), client, null, new QmpJournal()).play();
    }

    /// Plays `file`, a path from the root of the repository, on machines that it asks for itself, and writes down what
    /// was said.
    public static void play(String file, QmpStage stage, QmpJournal journal) {
        new QmpTranscript(path(file), null, stage, journal).play();
    }

    private static Path path(String file) {
        return Path.of(System.getProperty("sluice.root", "..")).resolve(file);
    }

    private void play() {
        try {
            var script = Files.readAllLines(file);
            play(script);
            if ("accept".equals(System.getProperty("sluice.golden"))) {
                Files.write(file, seen);
            } else {
                assertThat(seen).as(file.toString()).isEqualTo(script);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(String.join("\n", seen), e);
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
        if (client != null && (script.isEmpty() || !script.getFirst().equals(RAW))) {
            client.negotiate();
        }
        for (var line : script) {
            step(line);
        }
        nothingMore();
    }

    private void step(String line) throws IOException {
        if (line.startsWith("->|")) {
            send(line.substring(3).strip(), false);
            seen.add(line);
        } else if (line.startsWith("->")) {
            send(line.substring(2).strip(), true);
            seen.add(line);
        } else if (line.startsWith("<-")) {
            expect(line);
        } else if (line.equals("<>")) {
            nothing();
            seen.add(line);
        } else if (line.equals("== closed")) {
            seen.add(client().isClosed() ? line : "== open");
            client = null;
        } else if (line.startsWith(MACHINE)) {
            nothingMore();
            seen.add(line);
            enter(line.substring(MACHINE.length()).strip());
        } else if (line.startsWith(CONSOLE)) {
            stage().await(line.substring(CONSOLE.length()));
            seen.add(line);
        } else if (line.startsWith(TYPE)) {
            stage().type(line.substring(TYPE.length()));
            seen.add(line);
        } else if (line.isBlank() || line.startsWith("#") || line.equals(RAW) || line.equals(NEVER)) {
            seen.add(line);
        } else {
            throw new IllegalArgumentException(file + ": not a line of a transcript: " + line);
        }
    }

    private void enter(String words) throws IOException {
        var all = List.of(words.split(" +"));
        var next = stage().machine(all);
        journal.connected();
        client = next;
        if (!all.contains("raw")) {
            next.negotiate();
        }
    }

    private void send(String text, boolean whole) throws IOException {
        var sent = text.replace(DIRECTORY, directory());
        journal.sent(sent, whole);
        if (whole) {
            client().send(sent);
        } else {
            client().sendRaw(sent);
        }
    }

    private void expect(String line) throws IOException {
        var wanted = line.substring(2).strip();
        var came = receive();
        seen.add(pattern(wanted).matcher(came).matches() ? line : "<- " + came);
    }

    private String receive() throws IOException {
        var came = client().receive();
        journal.received(came);
        return stage == null ? mask(came) : mask(came).replace(directory(), DIRECTORY);
    }

    /// What comes is said before the answer to a question of our own; it does not belong here.
    private void nothing() throws IOException {
        client().send(MARK);
        for (var came = client().receive(); !came.contains("transcript-mark"); came = client().receive()) {
            seen.add("<- " + mask(came));
        }
    }

    private void nothingMore() throws IOException {
        if (client != null && stage != null) {
            nothing();
        }
    }

    private String directory() {
        return stage == null ? DIRECTORY : stage.directory().toString();
    }

    private QmpStage stage() {
        if (stage == null) {
            throw new IllegalStateException(file + " needs a stage");
        }
        return stage;
    }

    private QmpTestClient client() {
        if (client == null) {
            throw new IllegalStateException(file + ": there is no connection");
        }
        return client;
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
