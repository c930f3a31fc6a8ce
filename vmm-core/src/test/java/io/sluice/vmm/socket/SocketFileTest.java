package io.sluice.vmm.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class SocketFileTest {
    @TempDir
    private Path directory;

    private static ServerSocketChannel listen(Path path) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
    }

    private static void connect(Path path) throws IOException {
        SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
    }

    @Test
    void itAppearsWhenItAnswersForItsOwnerAlone() throws IOException {
        var path = directory.resolve("s.sock");

        try (var file = SocketFile.prepare(path);
                var server = listen(file.bindPath())) {
            assertThat(path).doesNotExist();
            assertThat(PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(file.bindPath().getParent())))
                    .isEqualTo("rwx------");

            file.publish();

            assertThat(server.isOpen()).isTrue();
            assertThat(directory.toFile().list()).containsExactly("s.sock");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            connect(path);
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aLeftoverIsReplaced() throws IOException {
        var path = directory.resolve("s.sock");
        listen(path).close();

        try (var file = SocketFile.prepare(path);
                var server = listen(file.bindPath())) {
            file.publish();

            assertThat(server.isOpen()).isTrue();
            connect(path);
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void oneThatAnswersAndWhatIsNoSocketStay() throws IOException {
        var path = directory.resolve("s.sock");
        var notes = Files.writeString(directory.resolve("notes"), "mine");

        try (var server = listen(path)) {
            assertThat(server.isOpen()).isTrue();
            assertThatThrownBy(() -> SocketFile.prepare(path))
                    .isInstanceOf(SocketFileException.class)
                    .hasMessage("Address already in use");
            connect(path);
        }
        assertThatThrownBy(() -> SocketFile.prepare(notes)).hasMessage("a file is there that is no socket");
        assertThatThrownBy(() -> SocketFile.prepare(Path.of("/dev/null")))
                .hasMessage("a file is there that is no socket");
        assertThat(notes).hasContent("mine");
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("notes", "s.sock");
    }

    @Test
    void whereNoFileCanBeIsSaid() {
        assertThatThrownBy(() -> SocketFile.prepare(directory.resolve("no/where")))
                .hasMessage("No such file or directory");
        assertThatThrownBy(() -> SocketFile.prepare(Path.of("/tmp/" + "x".repeat(120))))
                .hasMessage("the path is too long: it has 125 bytes, at most 107 fit");
    }

    @Test
    void aPathWhoseDetourWouldNotFitIsServed() throws IOException {
        var inner = Files.createDirectory(
                directory.resolve("d".repeat(103 - directory.toString().length())));
        var path = inner.resolve("q");

        try (var file = SocketFile.prepare(path);
                var server = listen(file.bindPath())) {
            file.publish();

            assertThat(server.isOpen()).isTrue();
            connect(path);
        }
        assertThat(inner).isEmptyDirectory();
    }

    @Test
    void whatIsNotPublishedLeavesNothing() {
        SocketFile.prepare(directory.resolve("s.sock")).close();

        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aFileThatAnotherHasPutThereIsNotTakenAway() throws IOException {
        var path = directory.resolve("s.sock");
        var file = SocketFile.prepare(path);
        listen(file.bindPath()).close();
        file.publish();
        Files.delete(path);
        Files.writeString(path, "theirs");

        file.close();
        file.close();

        assertThat(path).hasContent("theirs");
    }
}
