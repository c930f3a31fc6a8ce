package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.RunState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every command of a machine has a transcript of its own, which shows it succeed and shows each of its refusals; and
/// each message that is seen in one is as the machine's own schema promises.
///
/// A transcript is the file `COMMAND.qmp`; a second one may be `COMMAND.WHATEVER.qmp`. Between them they must show one
/// success (or say that there is none), an argument that is unknown, each one that is missing, each one of the wrong
/// type, and the wrong state if there is one. See [QmpTranscript] for its language and [MachineStage] for the machines.
public abstract class QmpCommandsContract {
    /// States that a machine can be brought into.
    private static final Set<RunState> REACHABLE = Set.of(
            RunState.PRELAUNCH,
            RunState.RUNNING,
            RunState.PAUSED,
            RunState.DEBUG,
            RunState.SHUTDOWN,
            RunState.GUEST_PANICKED,
            RunState.INTERNAL_ERROR);

    @TempDir
    private Path directory;

    /// Where the transcripts are, from the root of the repository.
    protected abstract String transcripts();

    /// Devices of every machine.
    protected abstract List<String> devices();

    /// Whether a command, or an event, must be shown here.
    protected abstract boolean isOurs(String name);

    private MachineStage stage(String name) {
        try {
            return new MachineStage(
                    Files.createDirectory(directory.resolve(name)), devices().toArray(String[]::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Set<String> commands() {
        try (var stage = stage("commands")) {
            stage.machine(List.of("prelaunch"));
            return stage.table().commands().stream().map(Command::name).collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String command(String transcript) {
        int dot = transcript.indexOf('.');
        return dot < 0 ? transcript : transcript.substring(0, dot);
    }

    @Test
    void everyCommandHasATranscriptAndEveryTranscriptACommand() {
        var commands = commands();

        var told = QmpTranscript.all(transcripts()).keySet().stream()
                .map(QmpCommandsContract::command)
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(commands).as("commands of the transcripts").containsAll(told);
        assertThat(told)
                .as("commands that have a transcript")
                .containsAll(commands.stream().filter(this::isOurs).toList());
    }

    @Test
    void everyEventIsToldInATranscript() throws IOException {
        List<String> events;
        try (var stage = stage("events")) {
            stage.enter("prelaunch");
            events = stage.schema().names("event");
        }

        var told = new StringBuilder();
        for (var file : QmpTranscript.all(transcripts()).values()) {
            told.append(Files.readString(fromRoot(file)));
        }

        var ours = events.stream().filter(this::isOurs).toList();
        assertThat(ours).isNotEmpty();
        assertThat(ours.stream().filter(event -> told.indexOf("\"event\": \"" + event + "\"") < 0))
                .as("events that no transcript tells")
                .isEmpty();
    }

    private static Path fromRoot(String file) {
        return Path.of(System.getProperty("sluice.root", "..")).resolve(file);
    }

    @TestFactory
    Stream<DynamicTest> everyTranscriptIsPlayedAsItIsWrittenAndAsTheSchemaSays() {
        var byCommand = QmpTranscript.all(transcripts()).entrySet().stream()
                .collect(Collectors.groupingBy(e -> command(e.getKey())));
        return byCommand.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(e -> DynamicTest.dynamicTest(
                        e.getKey(),
                        () -> play(
                                e.getKey(),
                                e.getValue().stream().map(Map.Entry::getValue).toList())));
    }

    private void play(String command, List<String> files) throws IOException {
        var journal = new QmpJournal();
        boolean never = false;
        try (var stage = stage(command)) {
            for (var file : files) {
                QmpTranscript.play(file, stage, journal);
                never |= Files.readAllLines(fromRoot(file)).contains(QmpTranscript.NEVER);
            }
            stage.enter("prelaunch");
            var schema = stage.schema();

            assertThat(journal.problems(schema)).isEmpty();
            if (isOurs(command)) {
                var wanted = refusals(command, schema, stage);
                var told = journal.exchanges(command);
                wanted.removeIf(text -> told.stream().anyMatch(e -> e.error().contains(text)));
                assertThat(wanted)
                        .as("refusals that the transcript of %s does not show", command)
                        .isEmpty();
                assertThat(told.stream().anyMatch(QmpJournal.Exchange::succeeded))
                        .as("whether %s succeeds somewhere", command)
                        .isEqualTo(!never);
            }
        }
    }

    /// What every transcript of a command must show, by a part of its text.
    private static List<String> refusals(String command, QmpSchema schema, MachineStage stage) {
        var type = schema.type(command, "arg-type");
        var wanted = new ArrayList<String>();
        if (!schema.isOpen(type)) {
            wanted.add("' is unexpected");
        }
        for (var member : schema.members(type)) {
            if (!member.optional()) {
                wanted.add("Parameter '" + member.name() + "' is missing");
            }
            if (!QmpSamples.isAny(schema, member.type())) {
                wanted.add("Invalid parameter type for '" + member.name() + "', expected: ");
            }
        }
        var known = stage.table().command(command);
        if (known != null && !known.states().containsAll(REACHABLE)) {
            wanted.add(" is not allowed in state '");
        }
        return wanted;
    }
}
