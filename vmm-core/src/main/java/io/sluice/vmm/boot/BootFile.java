package io.sluice.vmm.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A file for the guest, and the text by which a multiboot guest knows it: its path, and what follows it.
public record BootFile(String text, byte[] bytes) {
    /// What one Java array holds, with a margin.
    static final long LARGEST = Integer.MAX_VALUE - 64L;

    /// Reads a file.
    ///
    /// @param what the subject of messages, such as "kernel"
    public static BootFile read(String what, Path path) {
        return read(what, path, path.toString());
    }

    private static BootFile read(String what, Path path, String text) {
        try {
            if (!Files.isRegularFile(path) && Files.exists(path)) {
                throw new BootException("cannot read " + what + " " + path + ": it is not a regular file");
            }
            if (Files.size(path) > LARGEST) {
                throw new BootException("cannot read " + what + " " + path + ": it is larger than 2 GiB");
            }
            return new BootFile(text, Files.readAllBytes(path));
        } catch (NoSuchFileException e) {
            throw new BootException("cannot read " + what + " " + path + ": no such file", e);
        } catch (IOException e) {
            throw new BootException("cannot read " + what + " " + path + ": " + e.getMessage(), e);
        }
    }

    /// Reads multiboot modules: `path arguments,path arguments`. A comma that belongs to a text is doubled.
    public static List<BootFile> readModules(String option) {
        var files = new ArrayList<BootFile>();
        for (String item : option.replace(",,", "\0").split(",", -1)) {
            String text = item.replace('\0', ',').strip();
            int space = text.indexOf(' ');
            files.add(read("module", Path.of(space < 0 ? text : text.substring(0, space)), text));
        }
        return files;
    }
}
