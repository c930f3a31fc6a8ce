package io.sluice.vmm.gdb;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/// The file of a UNIX socket: for its owner alone, there only while somebody answers, and gone at the end. What a
/// process that was killed has left there is replaced; a socket that answers is not.
final class SocketFile implements AutoCloseable {
    private final Path path;
    private final Path before;

    private SocketFile(Path path, Path before) {
        this.path = path;
        this.before = before;
    }

    /// Makes way for a socket at `path`.
    ///
    /// @throws GdbListenException if something is there that is not ours to remove
    static SocketFile at(Path path) {
        try {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && (!isSocket(path) || answers(path))) {
                throw new GdbListenException("the file is there already", new IOException(path.toString()));
            }
            var before = path.resolveSibling(
                    path.getFileName() + "." + ProcessHandle.current().pid());
            Files.deleteIfExists(before);
            return new SocketFile(path, before);
        } catch (IOException e) {
            throw new GdbListenException("the file cannot be made", e);
        }
    }

    private static boolean isSocket(Path path) throws IOException {
        return (boolean) Files.getAttribute(path, "isOther", LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean answers(Path path) throws IOException {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (java.net.ConnectException e) {
            return false;
        }
    }

    /// Where to listen first.
    Path before() {
        return before;
    }

    /// Somebody listens: from now on the file is seen.
    void publish() {
        try {
            Files.setPosixFilePermissions(before, PosixFilePermissions.fromString("rw-------"));
            Files.move(before, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new GdbListenException("the file cannot be made", e);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(before);
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // Somebody has taken the directory away; then the file is gone too.
        }
    }
}
