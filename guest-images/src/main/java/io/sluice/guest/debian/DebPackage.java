package io.sluice.guest.debian;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/// A Debian package file (deb(5)): an ar archive whose member `data.tar` holds the files.
record DebPackage(Path file) {
    /// No file that a guest needs is larger.
    private static final long FILE_LIMIT = 256L << 20;

    /// Takes files as they come by.
    @FunctionalInterface
    interface Visitor {
        /// @param path as installed, such as `/bin/busybox`
        /// @param content to be read before the visitor returns, or not at all
        /// @return whether to go on
        boolean visit(String path, Content content) throws IOException;
    }

    /// Reads the file at hand.
    @FunctionalInterface
    interface Content {
        byte[] read() throws IOException;
    }

    /// Goes through the regular files in the order of the archive.
    void files(Visitor visitor) throws IOException {
        try (var ar = new ArArchiveInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
            for (var member = ar.getNextEntry(); member != null; member = ar.getNextEntry()) {
                if (member.getName().startsWith("data.tar")) {
                    visit(new TarArchiveInputStream(unpacked(member.getName(), ar)), visitor);
                    return;
                }
            }
        }
        throw new IOException(file.getFileName() + " is no Debian package: it has no data.tar");
    }

    private InputStream unpacked(String name, InputStream packed) throws IOException {
        return switch (name) {
            case "data.tar" -> packed;
            case "data.tar.xz" -> new XZInputStream(packed);
            case "data.tar.gz" -> new GZIPInputStream(packed, 1 << 16);
            case "data.tar.zst" -> new ZstdInputStreamNoFinalizer(packed);
            default -> throw new IOException(file.getFileName() + " has files in an unknown form, " + name);
        };
    }

    private static void visit(TarArchiveInputStream tar, Visitor visitor) throws IOException {
        boolean more = true;
        while (more) {
            TarArchiveEntry entry = tar.getNextEntry();
            if (entry == null) {
                return;
            }
            if (entry.isFile()) {
                more = visitor.visit(installedPath(entry.getName()), () -> content(tar, entry));
            }
        }
    }

    private static String installedPath(String name) {
        return name.startsWith("./") ? name.substring(1) : name.startsWith("/") ? name : "/" + name;
    }

    private static byte[] content(TarArchiveInputStream tar, TarArchiveEntry entry) throws IOException {
        if (entry.getSize() > FILE_LIMIT) {
            throw new IOException(entry.getName() + " has " + entry.getSize() + " bytes");
        }
        var bytes = tar.readNBytes((int) entry.getSize());
        if (bytes.length != entry.getSize()) {
            throw new IOException(entry.getName() + " is truncated");
        }
        return bytes;
    }
}
