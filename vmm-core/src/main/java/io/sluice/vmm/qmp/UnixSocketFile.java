package io.sluice.vmm.qmp;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/// The file of a UNIX socket: it appears when it answers and not before, nobody but its owner may ever use it, and it
/// goes with us. The socket is bound in a directory of its own, which nobody else may enter, and then moved.
final class UnixSocketFile {
    /// What fits into a `sockaddr_un`, without the NUL.
    private static final int MAX_PATH_BYTES = 107;

    private final Path path;
    private final Path directory;
    private final @Nullable Path link;
    private @Nullable Object key;

    private UnixSocketFile(Path path, Path directory, @Nullable Path link) {
        this.path = path;
        this.directory = directory;
        this.link = link;
    }

    /// Sees that the place is free, or holds a socket that nobody serves.
    static UnixSocketFile prepare(Path wanted) {
        var path = wanted.toAbsolutePath();
        if (bytes(wanted) > MAX_PATH_BYTES) {
            throw new QmpOpenException("UNIX socket path '" + wanted + "' is too long: it has " + bytes(wanted)
                    + " bytes, at most " + MAX_PATH_BYTES + " fit");
        }
        try {
            refuseIfTaken(path, wanted);
            var parent = path.getParent();
            var directory = Files.createTempDirectory(
                    parent == null ? path : parent,
                    ".qmp",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            var link = bytes(directory.resolve("s")) > MAX_PATH_BYTES ? shorter(directory) : null;
            return new UnixSocketFile(path, directory, link);
        } catch (IOException e) {
            throw new QmpOpenException("Failed to bind socket to " + wanted + ": " + reason(e));
        }
    }

    /// A short way to a directory whose own path is too long to bind in.
    private static Path shorter(Path directory) throws IOException {
        var link = Files.createTempFile("qmp", "");
        Files.delete(link);
        return Files.createSymbolicLink(link, directory);
    }

    private static int bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    private static void refuseIfTaken(Path path, Path wanted) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        var attributes = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new QmpOpenException("Failed to bind socket to " + wanted + ": a file is there that is no socket");
        }
        if (answers(path)) {
            throw new QmpOpenException("Failed to bind socket to " + wanted + ": Address already in use");
        }
    }

    private static boolean answers(Path path) throws IOException {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false); // a full backlog answers at once, too
            channel.connect(UnixDomainSocketAddress.of(path));
            return true;
        } catch (ConnectException e) {
            return false; // refused: whoever served it is gone
        } catch (IOException e) {
            return !String.valueOf(e.getMessage()).contains("refused");
        }
    }

    /// Where to bind.
    Path bindPath() {
        return (link == null ? directory : link).resolve("s");
    }

    /// Lets the file appear.
    void publish() {
        var bound = directory.resolve("s");
        try {
            Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
            key = Files.readAttributes(bound, BasicFileAttributes.class).fileKey();
            Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new QmpOpenException("Failed to bind socket to " + path + ": " + reason(e));
        } finally {
            discard();
        }
    }

    /// Removes what [#prepare] made.
    void discard() {
        delete(directory.resolve("s"));
        delete(directory);
        if (link != null) {
            delete(link);
        }
    }

    /// Removes the file, if it is still ours. Any thread.
    void remove() {
        try {
            var ours = key;
            if (ours != null
                    && ours.equals(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .fileKey())) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // It is gone already, or its directory is not ours any more.
        }
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // Left behind: an empty directory with a name that says what it was.
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case java.nio.file.NoSuchFileException missing -> "No such file or directory";
            case java.nio.file.AccessDeniedException denied -> "Permission denied";
            default -> String.valueOf(e.getMessage());
        };
    }
}
