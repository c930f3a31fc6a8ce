package io.sluice.vmm.metrics;

import io.sluice.vmm.plugin.PluginException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/// The file of a UNIX socket. It appears under its name only when it answers, and for its owner alone: a socket is
/// bound beside it and then moved there.
final class UnixSocketFile {
    private static final int FILE_TYPE = 0170000;
    private static final int SOCKET = 0140000;

    private final Path path;
    private final Path beside;
    private volatile boolean published;
    /// For a process that is ended by a signal.
    private final Thread atExit = new Thread(this::delete, "metrics-socket-exit");

    /// @throws PluginException if there is something that is in use or is no socket
    UnixSocketFile(Path path) {
        this.path = path;
        this.beside = path.resolveSibling(
                "." + path.getFileName() + "." + ProcessHandle.current().pid());
        try {
            check();
            Files.deleteIfExists(beside);
        } catch (IOException e) {
            throw new PluginException(ListenAddress.UNIX + path + ": " + reason(e), e);
        }
    }

    /// Where to bind.
    Path beside() {
        return beside;
    }

    private void check() throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & FILE_TYPE) != SOCKET) {
            throw new PluginException(ListenAddress.UNIX + path + ": is there, and is no socket");
        }
        if (answers()) {
            throw new PluginException(ListenAddress.UNIX + path + ": address already in use");
        }
    }

    private boolean answers() {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            return false; // nobody is behind it: a leftover
        }
    }

    /// Shows the socket, which is bound now.
    ///
    /// @throws PluginException if that cannot be
    void publish() {
        try {
            Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-------"));
            Runtime.getRuntime().addShutdownHook(atExit);
            Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE);
            published = true;
        } catch (IOException e) {
            throw new PluginException(ListenAddress.UNIX + path + ": " + reason(e), e);
        }
    }

    /// Never fails: what cannot be deleted is a leftover, which the next one replaces.
    void remove() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            return; // The process ends, and the hook runs.
        }
        delete();
    }

    private void delete() {
        try {
            Files.deleteIfExists(beside);
            if (published) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // Said above.
        }
    }

    private static String reason(IOException failure) {
        return String.valueOf(failure.getMessage());
    }
}
