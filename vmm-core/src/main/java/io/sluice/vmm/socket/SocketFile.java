package io.sluice.vmm.socket;

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
/// goes with us, also if a signal ends the process. A socket that nobody serves any more is replaced; one that answers
/// and what is no socket are not.
///
/// The socket is bound in a directory of its own, which nobody else may enter, and then moved.
public final class SocketFile implements AutoCloseable {
    /// What fits into a `sockaddr_un`, without the NUL.
    private static final int MAX_PATH_BYTES = 107;

    private static final int FILE_TYPE = 0170000;
    private static final int SOCKET = 0140000;
    private static final String BOUND = "s";

    private final Path path;
    private final Path directory;
    private final @Nullable Path link;
    private final Thread atExit = new Thread(this::delete, "socket-file");
    private volatile @Nullable Object key;

    private SocketFile(Path path, Path directory, @Nullable Path link) {
        this.path = path;
        this.directory = directory;
        this.link = link;
    }

    /// Sees that the place is free, or holds a socket that nobody serves, and makes one to bind at.
    ///
    /// @throws SocketFileException if it is not, or cannot be used; then nothing is left
    public static SocketFile prepare(Path wanted) {
        if (bytes(wanted) > MAX_PATH_BYTES) {
            throw new SocketFileException(
                    "the path is too long: it has " + bytes(wanted) + " bytes, at most " + MAX_PATH_BYTES + " fit");
        }
        var path = wanted.toAbsolutePath();
        try {
            refuseIfTaken(path);
            var parent = path.getParent();
            var directory = Files.createTempDirectory(
                    parent == null ? path : parent,
                    ".sluice",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            return watched(new SocketFile(path, directory, shortWay(directory)));
        } catch (IOException e) {
            throw new SocketFileException(SocketReason.of(e));
        }
    }

    private static SocketFile watched(SocketFile file) {
        try {
            Runtime.getRuntime().addShutdownHook(file.atExit);
            return file;
        } catch (IllegalStateException e) {
            file.delete();
            throw new SocketFileException("the process ends");
        }
    }

    /// Another name for a directory whose own is too long to bind in; null if there is no need.
    private static @Nullable Path shortWay(Path directory) throws IOException {
        if (bytes(directory.resolve(BOUND)) <= MAX_PATH_BYTES) {
            return null;
        }
        try {
            var link = Files.createTempFile("sluice", "");
            Files.delete(link);
            return Files.createSymbolicLink(link, directory);
        } catch (IOException e) {
            delete(directory);
            throw e;
        }
    }

    private static int bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    private static void refuseIfTaken(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & FILE_TYPE) != SOCKET) {
            throw new SocketFileException("a file is there that is no socket");
        }
        if (answers(path)) {
            throw new SocketFileException("Address already in use");
        }
    }

    private static boolean answers(Path path) {
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
    public Path bindPath() {
        return (link == null ? directory : link).resolve(BOUND);
    }

    /// Lets the file appear: the socket is bound, and listens.
    ///
    /// @throws SocketFileException if that cannot be
    public void publish() {
        var bound = directory.resolve(BOUND);
        try {
            Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
            key = Files.readAttributes(bound, BasicFileAttributes.class).fileKey();
            Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SocketFileException(SocketReason.of(e));
        } finally {
            deleteDetour();
        }
    }

    /// Takes away whatever of it is there, if it is still ours. Never fails; any thread, any number of times.
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process ends already.
        }
        delete();
    }

    private void delete() {
        deleteDetour();
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

    private void deleteDetour() {
        delete(directory.resolve(BOUND));
        delete(directory);
        if (link != null) {
            delete(link);
        }
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // Left behind: an empty directory with a name that says what it was.
        }
    }
}
