package io.sluice.vmm.boot;

import io.sluice.vmm.address.Gpa;
import java.util.List;

/// A multiboot kernel (version 1): an ELF file, or a flat file whose header names its addresses ("a.out kludge").
/// Entered in 32-bit protected mode with EAX = 0x2BADB002 and EBX pointing to the information structure. A video mode
/// that the header asks for is not provided, and the structure says so.
final class MultibootImage implements BootImage {
    private static final int LOADER_MAGIC = 0x2BADB002;
    private static final int INFO = 120;
    private static final int HAS_MEMORY = 1;
    private static final int HAS_COMMAND_LINE = 1 << 2;
    private static final int HAS_MODULES = 1 << 3;
    private static final int HAS_MAP = 1 << 6;
    private static final int HAS_LOADER_NAME = 1 << 9;
    private static final int MODULE = 16;
    private static final int MODULES_LIMIT = 256;
    private static final long PAGE = 4096;

    private final BootConfig config;
    private final Body body;

    /// What is loaded: bytes of the file to places in memory, and the entry.
    private sealed interface Body {
        record Executable(Elf elf) implements Body {}

        /// @param offset where `load` lies in the file
        record Flat(Binary file, int offset, int length, long load, long memoryLength, long entry) implements Body {}
    }

    private MultibootImage(BootConfig config, Body body) {
        this.config = config;
        this.body = body;
    }

    static MultibootImage read(BootConfig config, Binary file, MultibootHeader header) {
        if (config.modules().size() > MODULES_LIMIT) {
            throw new BootException("a multiboot kernel takes " + MODULES_LIMIT + " modules, not "
                    + config.modules().size());
        }
        var load = header.load();
        if (load != null) {
            return new MultibootImage(config, flat(file, header.offset(), load));
        }
        if (!Elf.isElf(file)) {
            throw file.malformed("its multiboot header names no addresses, and it is no ELF file");
        }
        var elf = Elf.parse(file);
        if (elf.entry() >>> 32 != 0 || !elf.loads(elf.entry())) {
            throw file.malformed("its entry 0x" + Long.toHexString(elf.entry()) + " lies outside of what it loads");
        }
        return new MultibootImage(config, new Body.Executable(elf));
    }

    private static Body flat(Binary file, int headerOffset, MultibootHeader.Load load) {
        long offset = headerOffset - (load.header() - load.load());
        if (load.load() > load.header() || offset < 0) {
            throw file.malformed("its multiboot load address 0x" + Long.toHexString(load.load())
                    + " does not fit header address 0x" + Long.toHexString(load.header()));
        }
        long length = load.loadEnd() == 0 ? file.length() - offset : load.loadEnd() - load.load();
        if (length <= 0) {
            throw file.malformed("its multiboot header asks to load " + length + " bytes");
        }
        file.require("what its multiboot header loads", offset, length);
        long memoryLength = load.bssEnd() == 0 ? length : load.bssEnd() - load.load();
        if (memoryLength < length) {
            throw file.malformed("its multiboot bss ends before its data");
        }
        if (load.entry() < load.load() || load.entry() - load.load() >= length) {
            throw file.malformed("its entry 0x" + Long.toHexString(load.entry()) + " lies outside of what it loads");
        }
        return new Body.Flat(file, (int) offset, (int) length, load.load(), memoryLength, load.entry());
    }

    @Override
    public String description() {
        return switch (body) {
            case Body.Executable executable ->
                "multiboot ELF kernel of " + (executable.elf().is64() ? 64 : 32) + " bits";
            case Body.Flat flat -> "multiboot kernel with load addresses";
        };
    }

    @Override
    public EntryState load(GuestMemory memory) {
        var firmware = config.firmware();
        var placement = new Placement(firmware.map());
        long entry = switch (body) {
            case Body.Executable executable -> {
                executable.elf().reserve(placement);
                executable.elf().write(memory);
                yield executable.elf().entry();
            }
            case Body.Flat flat -> {
                placement.reserve("the kernel", flat.load(), flat.memoryLength());
                memory.store(flat.load(), flat.file().bytes(), flat.offset(), flat.length());
                Zeroes.write(memory, flat.load() + flat.length(), flat.memoryLength() - flat.length());
                yield flat.entry();
            }
        };
        long info = writeInfo(placement, memory);
        long gdt = put(placement, memory, "descriptor table", Gdt.protected32());
        firmware.write(memory);
        return new EntryState.Protected32((int) entry, LOADER_MAGIC, (int) info, new Gpa(gdt), Gdt.LIMIT);
    }

    private long writeInfo(Placement placement, GuestMemory memory) {
        var map = config.firmware().map();
        // The first word of the command line is the kernel's name.
        String line = (config.kernel().text() + " " + config.commandLine()).strip();
        long commandLine = put(placement, memory, "the command line", Binary.cString(line));
        long loaderName = put(placement, memory, "the loader's name", Binary.cString("Sluice"));
        var mapBytes = map.multiboot();
        long mapAt = put(placement, memory, "the memory map", mapBytes);
        long modules = writeModules(placement, memory, config.modules());
        long upper = map.entries().stream()
                .filter(e -> e.first() == MemoryLayout.MEBIBYTE)
                .mapToLong(MemoryMap.Entry::length)
                .findFirst()
                .orElse(0);
        var info = Binary.allocate(INFO);
        info.putInt(HAS_MEMORY | HAS_COMMAND_LINE | HAS_MODULES | HAS_MAP | HAS_LOADER_NAME);
        info.putInt((int) (map.entries().getFirst().length() / 1024)).putInt((int) (upper / 1024));
        info.putInt(16, (int) commandLine);
        info.putInt(20, config.modules().size()).putInt(24, (int) modules);
        info.putInt(44, mapBytes.length).putInt(48, (int) mapAt);
        info.putInt(64, (int) loaderName);
        return put(placement, memory, "the multiboot information", info.array());
    }

    private static long writeModules(Placement placement, GuestMemory memory, List<BootFile> files) {
        var list = Binary.allocate(MODULE * files.size());
        for (var file : files) {
            long length = Math.max(1, file.bytes().length);
            long at = placement.lowest("module " + file.text(), MemoryLayout.MEBIBYTE, length, PAGE);
            if (at + length > 1L << 32) {
                throw new BootException("no room below 4 GiB for module " + file.text());
            }
            memory.store(at, file.bytes());
            long text = put(placement, memory, "a module's text", Binary.cString(file.text()));
            list.putInt((int) at)
                    .putInt((int) (at + file.bytes().length))
                    .putInt((int) text)
                    .putInt(0);
        }
        return files.isEmpty() ? 0 : put(placement, memory, "the module list", list.array());
    }

    private static long put(Placement placement, GuestMemory memory, String what, byte[] bytes) {
        long at = placement.lowest(what, Placement.LOWEST, bytes.length, 16);
        memory.store(at, bytes);
        return at;
    }
}
