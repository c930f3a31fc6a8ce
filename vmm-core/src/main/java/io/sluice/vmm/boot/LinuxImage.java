package io.sluice.vmm.boot;

import io.sluice.vmm.address.Gpa;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// A bzImage, entered by the 64-bit boot protocol.
///
/// Where the host can unpack the payload, its ELF kernel is loaded where it is linked and entered at once: that saves
/// the guest the work of unpacking, and the kernel runs without address randomisation. Otherwise the kernel's own
/// decompressor is entered, 0x200 bytes into the protected-mode part.
final class LinuxImage implements BootImage {
    /// Where the decompressor's 64-bit entry lies in the protected-mode part.
    static final int ENTRY_64 = 0x200;

    private static final int SETUP_RNG_SEED = 9;
    private static final int SETUP_DATA_HEADER = 16;
    private static final int ZERO_PAGE = 4096;
    private static final int E820_COUNT = 0x1E8;
    private static final int E820_TABLE = 0x2D0;
    private static final int E820_MAX = 128;
    private static final int RSDP = 0x70;
    private static final int UNDEFINED_LOADER = 0xFF;
    private static final int NORMAL_VIDEO = 0xFFFF;
    private static final long PAGE = 4096;

    private final BootConfig config;
    private final Binary file;
    private final LinuxHeader header;
    private final @Nullable Elf kernel;
    private final String description;

    private LinuxImage(BootConfig config, Binary file, LinuxHeader header, @Nullable Elf kernel, String description) {
        this.config = config;
        this.file = file;
        this.header = header;
        this.kernel = kernel;
        this.description = description;
    }

    static LinuxImage read(BootConfig config, Binary file) {
        var header = LinuxHeader.parse(file);
        if (Binary.cString(config.commandLine()).length - 1 > header.commandLineMax()) {
            throw new BootException("the kernel command line has "
                    + (Binary.cString(config.commandLine()).length - 1) + " bytes, this kernel takes "
                    + header.commandLineMax());
        }
        if (config.modules().size() > 1) {
            throw new BootException(
                    "Linux takes one initrd, not " + config.modules().size());
        }
        String protocol = "Linux boot protocol " + LinuxHeader.text(header.version());
        var compression = header.payloadBytes() == 0 ? null : Compression.of(file, header.payloadOffset());
        if (!config.decompress() || compression == null || !compression.onHost()) {
            return new LinuxImage(config, file, header, null, protocol + ", unpacks itself");
        }
        // The kernel keeps init_size free for its unpacked self, so that bounds the size; RAM bounds init_size.
        long end = header.preferredAddress() + header.initSize();
        long lowEnd = config.firmware().layout().lowEnd();
        if (header.preferredAddress() < 0 || end < 0 || end > lowEnd) {
            throw new BootException("the kernel needs memory from 0x" + Long.toHexString(header.preferredAddress())
                    + " to 0x" + Long.toHexString(end) + ", and the guest's ends at 0x" + Long.toHexString(lowEnd));
        }
        var unpacked = new Binary(
                "unpacked kernel",
                Payload.unpack(file, compression, header.payloadOffset(), header.payloadBytes(), header.initSize()));
        if (!Elf.isElf(unpacked)) {
            throw file.malformed("its payload is no ELF kernel");
        }
        var elf = Elf.parse(unpacked);
        if (!elf.is64() || elf.machine() != Elf.EM_X86_64 || !elf.loads(elf.entry())) {
            throw file.malformed("its payload is no 64-bit kernel that starts within itself");
        }
        return new LinuxImage(config, file, header, elf, protocol + ", " + compression + " payload unpacked");
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public EntryState load(GuestMemory memory) {
        var placement = new Placement(config.firmware().map());
        long entry = kernel == null ? loadDecompressor(placement, memory) : loadKernel(kernel, placement, memory);
        var parameters = zeroPage(placement, memory);
        long parametersAt = placement.lowest("boot parameters", Placement.LOWEST, ZERO_PAGE, PAGE);
        long tables = placement.lowest("page tables", Placement.LOWEST, IdentityMap.BYTES, PAGE);
        long gdt = placement.lowest("descriptor table", Placement.LOWEST, Gdt.BYTES, 16);
        memory.store(parametersAt, parameters.array());
        memory.store(tables, IdentityMap.at(tables));
        memory.store(gdt, Gdt.longMode());
        config.firmware().write(memory);
        return new EntryState.LongMode(new Gpa(entry), new Gpa(parametersAt), new Gpa(tables), new Gpa(gdt), Gdt.LIMIT);
    }

    private static long loadKernel(Elf elf, Placement placement, GuestMemory memory) {
        elf.reserve(placement);
        elf.write(memory);
        return elf.entry();
    }

    private long loadDecompressor(Placement placement, GuestMemory memory) {
        long at = header.preferredAddress();
        placement.reserve("the kernel", at, Math.max(header.initSize(), header.kernelBytes()));
        memory.store(at, file.bytes(), header.kernelOffset(), header.kernelBytes());
        return at + ENTRY_64;
    }

    private ByteBuffer zeroPage(Placement placement, GuestMemory memory) {
        var page = ByteBuffer.allocate(ZERO_PAGE).order(ByteOrder.LITTLE_ENDIAN);
        page.put(LinuxHeader.START, file.bytes(), LinuxHeader.START, header.end() - LinuxHeader.START);
        page.put(LinuxHeader.TYPE_OF_LOADER, (byte) UNDEFINED_LOADER);
        page.putShort(LinuxHeader.VID_MODE, (short) NORMAL_VIDEO);
        page.putInt(LinuxHeader.CODE32_START, (int) header.preferredAddress());
        page.putLong(RSDP, config.firmware().rsdp().bits());

        var commandLine = Binary.cString(config.commandLine());
        long commandLineAt = placement.lowest("the command line", Placement.LOWEST, commandLine.length, 16);
        memory.store(commandLineAt, commandLine);
        page.putInt(LinuxHeader.CMD_LINE_PTR, (int) commandLineAt);

        if (!config.modules().isEmpty()) {
            var initrd = config.modules().getFirst().bytes();
            long limit = Math.min(header.initrdMax(), config.firmware().layout().lowEnd() - 1);
            long at = placement.highest("the initrd", limit, Math.max(1, initrd.length), PAGE);
            memory.store(at, initrd);
            page.putInt(LinuxHeader.RAMDISK_IMAGE, (int) at);
            page.putInt(LinuxHeader.RAMDISK_SIZE, initrd.length);
        }
        if (config.rngSeed().length > 0) {
            var seed = Binary.allocate(SETUP_DATA_HEADER + config.rngSeed().length);
            seed.putLong(0)
                    .putInt(SETUP_RNG_SEED)
                    .putInt(config.rngSeed().length)
                    .put(config.rngSeed());
            long at = placement.lowest("the random seed", Placement.LOWEST, seed.capacity(), 16);
            memory.store(at, seed.array());
            page.putLong(LinuxHeader.SETUP_DATA, at);
        }
        var map = config.firmware().map();
        if (map.entries().size() > E820_MAX) {
            throw new IllegalStateException("memory map has " + map.entries().size() + " entries");
        }
        page.put(E820_COUNT, (byte) map.entries().size());
        page.put(E820_TABLE, map.e820());
        return page;
    }
}
