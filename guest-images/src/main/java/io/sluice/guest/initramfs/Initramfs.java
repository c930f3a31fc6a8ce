package io.sluice.guest.initramfs;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/// A cpio archive of the "newc" form (Linux, Documentation/driver-api/early-userspace/buffer-format.rst), not
/// compressed:
/// on an emulated processor unpacking would cost more than reading.
///
/// The same content gives the same bytes: entries are in order of path, times are zero, all belongs to root. A
/// directory that a path needs is made with mode 0755.
public final class Initramfs {
    private static final int DIRECTORY = 0x4000;
    private static final int REGULAR = 0x8000;
    private static final int SYMLINK = 0xA000;
    private static final int CHARACTER_DEVICE = 0x2000;
    private static final int DEFAULT_DIRECTORY_MODE = 0755;

    private record Entry(int mode, byte[] content, int major, int minor) {}

    private final Map<String, Entry> entries;

    private Initramfs(Map<String, Entry> entries) {
        this.entries = entries;
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Collects files; a path given twice takes the later.
    public static final class Builder {
        private final Map<String, Entry> entries = new TreeMap<>();

        private Builder() {}

        /// @param mode permission bits
        public Builder directory(String path, int mode) {
            return put(path, new Entry(DIRECTORY | permissions(mode), new byte[0], 0, 0));
        }

        public Builder file(String path, int mode, byte[] content) {
            return put(path, new Entry(REGULAR | permissions(mode), content.clone(), 0, 0));
        }

        public Builder file(String path, int mode, String content) {
            return file(path, mode, content.getBytes(StandardCharsets.UTF_8));
        }

        public Builder link(String path, String target) {
            return put(path, new Entry(SYMLINK | 0777, target.getBytes(StandardCharsets.UTF_8), 0, 0));
        }

        public Builder characterDevice(String path, int mode, int major, int minor) {
            return put(path, new Entry(CHARACTER_DEVICE | permissions(mode), new byte[0], major, minor));
        }

        public Initramfs build() {
            return new Initramfs(new TreeMap<>(entries));
        }

        private Builder put(String path, Entry entry) {
            String clean = path.startsWith("/") ? path.substring(1) : path;
            if (clean.isEmpty() || clean.endsWith("/") || clean.contains("//") || clean.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("not a path in an archive: " + path);
            }
            for (int slash = clean.indexOf('/'); slash > 0; slash = clean.indexOf('/', slash + 1)) {
                entries.putIfAbsent(
                        clean.substring(0, slash), new Entry(DIRECTORY | DEFAULT_DIRECTORY_MODE, new byte[0], 0, 0));
            }
            entries.put(clean, entry);
            return this;
        }

        private static int permissions(int mode) {
            if ((mode & ~07777) != 0) {
                throw new IllegalArgumentException("not permission bits: 0" + Integer.toOctalString(mode));
            }
            return mode;
        }
    }

    /// The archive.
    public byte[] bytes() {
        var out = new ByteArrayOutputStream();
        int inode = 1;
        for (var file : entries.entrySet()) {
            write(out, inode++, file.getKey(), file.getValue());
        }
        write(out, 0, "TRAILER!!!", new Entry(0, new byte[0], 0, 0));
        return out.toByteArray();
    }

    private static void write(ByteArrayOutputStream out, int inode, String path, Entry entry) {
        var name = (path + "\0").getBytes(StandardCharsets.UTF_8);
        int links = (entry.mode() & 0xF000) == DIRECTORY ? 2 : 1;
        var header = new StringBuilder("070701");
        int[] fields = {
            inode,
            entry.mode(),
            0,
            0,
            links,
            0,
            entry.content().length,
            0,
            0,
            entry.major(),
            entry.minor(),
            name.length,
            0
        };
        for (int field : fields) {
            header.append(String.format("%08X", field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(name);
        pad(out);
        out.writeBytes(entry.content());
        pad(out);
    }

    /// Names and contents start on multiples of four.
    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}
