package io.sluice.guest.debian;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A kernel module: an ELF object whose section `.modinfo` holds `key=value` texts.
final class ModuleFile {
    private static final int SECTIONS_AT = 0x28;
    private static final int SECTION_COUNT = 0x3C;
    private static final int NAMES_INDEX = 0x3E;
    private static final int SECTION_BYTES = 64;

    private ModuleFile() {}

    /// A module's name as the kernel knows it: `/…/foo-bar.ko` is `foo_bar`.
    static String nameOf(String path) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        int dot = file.indexOf(".ko");
        return normal(dot < 0 ? file : file.substring(0, dot));
    }

    static String normal(String name) {
        return name.replace('-', '_');
    }

    /// The modules that this one needs, from its `depends=` text.
    static List<String> dependencies(byte[] module) {
        return texts(module, "depends")
                .flatMap(names -> Stream.of(names.split(",")))
                .filter(name -> !name.isEmpty())
                .map(ModuleFile::normal)
                .toList();
    }

    /// What it is for: patterns of what devices and others ask for.
    static List<String> aliases(byte[] module) {
        return texts(module, "alias").toList();
    }

    private static Stream<String> texts(byte[] module, String key) {
        return section(module, ".modinfo").stream()
                .flatMap(info -> Stream.of(info.split("\0")))
                .filter(text -> text.startsWith(key + "="))
                .map(text -> text.substring(key.length() + 1));
    }

    private static Optional<String> section(byte[] bytes, String wanted) {
        var elf = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int table = (int) elf.getLong(SECTIONS_AT);
        int count = elf.getShort(SECTION_COUNT) & 0xFFFF;
        int names = (int) elf.getLong(table + SECTION_BYTES * (elf.getShort(NAMES_INDEX) & 0xFFFF) + 0x18);
        for (int i = 0; i < count; i++) {
            int header = table + SECTION_BYTES * i;
            int name = names + elf.getInt(header);
            if (text(bytes, name).equals(wanted)) {
                int offset = (int) elf.getLong(header + 0x18);
                int length = (int) elf.getLong(header + 0x20);
                return Optional.of(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
            }
        }
        return Optional.empty();
    }

    private static String text(byte[] bytes, int from) {
        int end = from;
        while (bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    }
}
