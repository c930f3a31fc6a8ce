package io.sluice.guest.initramfs;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads a newc archive, strictly: what a kernel would accept, and nothing less regular.
public final class CpioArchive {
    public record Entry(int mode, int inode, int links, int major, int minor, byte[] content) {}

    private final Map<String, Entry> entries;

    private CpioArchive(Map<String, Entry> entries) {
        this.entries = entries;
    }

    /// Paths in the order of the archive.
    public List<String> paths() {
        return List.copyOf(entries.keySet());
    }

    public Entry entry(String path) {
        var found = entries.get(path);
        if (found == null) {
            throw new AssertionError("the archive has no " + path + ", only " + entries.keySet());
        }
        return found;
    }

    public static CpioArchive read(byte[] archive) {
        var entries = new LinkedHashMap<String, Entry>();
        int at = 0;
        while (true) {
            if (!new String(archive, at, 6, StandardCharsets.US_ASCII).equals("070701")) {
                throw new IllegalArgumentException("no header at " + at);
            }
            var fields = new int[13];
            for (int i = 0; i < fields.length; i++) {
                fields[i] =
                        Integer.parseUnsignedInt(new String(archive, at + 6 + 8 * i, 8, StandardCharsets.US_ASCII), 16);
            }
            int nameAt = at + 110;
            var name = new String(archive, nameAt, fields[11] - 1, StandardCharsets.UTF_8);
            int contentAt = nameAt + fields[11] + 3 & ~3;
            if (archive[nameAt + fields[11] - 1] != 0) {
                throw new IllegalArgumentException("the name does not end: " + name);
            }
            if (name.equals("TRAILER!!!")) {
                return new CpioArchive(entries);
            }
            var content = java.util.Arrays.copyOfRange(archive, contentAt, contentAt + fields[6]);
            entries.put(name, new Entry(fields[1], fields[0], fields[4], fields[9], fields[10], content));
            at = contentAt + fields[6] + 3 & ~3;
        }
    }
}
