package io.sluice.vmm.boot;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An ELF executable for x86, 32 or 64 bits: what is loaded where in physical memory, and the notes.
record Elf(Binary file, boolean is64, int machine, long entry, List<Segment> segments, List<Note> notes) {
    /// A PT_LOAD header; `memorySize` beyond `fileSize` is zeroed.
    record Segment(int offset, int fileSize, long physical, long virtual, long memorySize) {}

    /// A note; `offset` is where its content lies in the file.
    record Note(String owner, int type, int offset, int length) {}

    static final int EM_386 = 3;
    static final int EM_X86_64 = 62;

    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    /// More than any kernel has, and few enough to be read at once.
    private static final int HEADERS_LIMIT = 256;
    private static final int NOTES_LIMIT = 1024;

    static boolean isElf(Binary file) {
        return file.startsWith(0, (byte) 0x7F, (byte) 'E', (byte) 'L', (byte) 'F');
    }

    static Elf parse(Binary file) {
        int bits = file.u8("ELF header", 4);
        if (file.u8("ELF header", 5) != 1 || bits != 1 && bits != 2) {
            throw file.malformed("it is not a little-endian ELF file of 32 or 64 bits");
        }
        boolean is64 = bits == 2;
        int machine = file.u16("ELF header", 18);
        if (machine != EM_386 && machine != EM_X86_64) {
            throw new BootException("kernel is an ELF file for machine " + machine + ", not for x86");
        }
        int type = file.u16("ELF header", 16);
        if (type != 2 && type != 3) {
            throw new BootException("kernel is an ELF file of type " + type + ", not an executable");
        }
        long entry = is64 ? file.u64("ELF header", 24) : file.u32("ELF header", 24);
        long table = is64 ? file.u64("ELF header", 32) : file.u32("ELF header", 28);
        int size = file.u16("ELF header", is64 ? 54 : 42);
        int count = file.u16("ELF header", is64 ? 56 : 44);
        if (count == 0 || count > HEADERS_LIMIT || size < (is64 ? 56 : 32)) {
            throw file.malformed("it has " + count + " program headers of " + size + " bytes");
        }
        var segments = new ArrayList<Segment>();
        var notes = new ArrayList<Note>();
        for (int i = 0; i < count; i++) {
            long at = file.require("program header " + i, table, size) + (long) i * size;
            at = file.require("program header " + i, at, size);
            switch (file.i32("program header", at)) {
                case PT_LOAD -> addSegment(segments, file, is64, at);
                case PT_NOTE -> addNotes(notes, file, is64, at);
                default -> {
                    // The rest is for a user-space loader.
                }
            }
        }
        if (segments.isEmpty()) {
            throw file.malformed("it is an ELF file with nothing to load");
        }
        return new Elf(file, is64, machine, entry, List.copyOf(segments), List.copyOf(notes));
    }

    private static void addSegment(List<Segment> segments, Binary file, boolean is64, long at) {
        long offset = is64 ? file.u64("segment", at + 8) : file.u32("segment", at + 4);
        long virtual = is64 ? file.u64("segment", at + 16) : file.u32("segment", at + 8);
        long physical = is64 ? file.u64("segment", at + 24) : file.u32("segment", at + 12);
        long fileSize = is64 ? file.u64("segment", at + 32) : file.u32("segment", at + 16);
        long memorySize = is64 ? file.u64("segment", at + 40) : file.u32("segment", at + 20);
        if (memorySize == 0 && fileSize == 0) {
            return;
        }
        if (Long.compareUnsigned(fileSize, memorySize) > 0) {
            throw file.malformed("a segment has " + Long.toUnsignedString(fileSize) + " bytes in the file and "
                    + Long.toUnsignedString(memorySize) + " in memory");
        }
        file.require("a segment", offset, fileSize);
        segments.add(new Segment((int) offset, (int) fileSize, physical, virtual, memorySize));
    }

    private static void addNotes(List<Note> notes, Binary file, boolean is64, long header) {
        long offset = is64 ? file.u64("notes", header + 8) : file.u32("notes", header + 4);
        long size = is64 ? file.u64("notes", header + 32) : file.u32("notes", header + 16);
        long alignment = is64 ? file.u64("notes", header + 48) : file.u32("notes", header + 28);
        int mask = alignment == 8 ? 7 : 3;
        long at = file.require("notes", offset, size);
        long end = at + size;
        while (at + 12 <= end && notes.size() < NOTES_LIMIT) {
            long nameSize = file.u32("note", at);
            long contentSize = file.u32("note", at + 4);
            int type = file.i32("note", at + 8);
            long content = at + (12 + nameSize + mask & ~(long) mask);
            int name = file.require("note", at + 12, nameSize);
            int place = file.require("note", content, contentSize);
            // The name counts its zero byte.
            int letters = (int) Math.max(0, Math.min(nameSize - 1, 64));
            var owner = new String(file.bytes(), name, letters, java.nio.charset.StandardCharsets.ISO_8859_1);
            notes.add(new Note(owner, type, place, (int) contentSize));
            at = content + (contentSize + mask & ~(long) mask);
        }
    }

    @Nullable
    Note note(String owner, int type) {
        return notes.stream()
                .filter(n -> n.type() == type && n.owner().equals(owner))
                .findFirst()
                .orElse(null);
    }

    /// Whether `address` is in what is loaded from the file.
    boolean loads(long address) {
        return segments.stream().anyMatch(s -> address >= s.physical() && address - s.physical() < s.fileSize());
    }

    /// Takes the segments' places.
    void reserve(Placement placement) {
        for (var segment : segments) {
            placement.reserve("a segment of the kernel", segment.physical(), segment.memorySize());
        }
    }

    /// Writes the segments, whose places are reserved.
    void write(GuestMemory memory) {
        for (var segment : segments) {
            memory.store(segment.physical(), file.bytes(), segment.offset(), segment.fileSize());
        }
        for (var segment : segments) {
            Zeroes.write(memory, segment.physical() + segment.fileSize(), segment.memorySize() - segment.fileSize());
        }
    }
}
