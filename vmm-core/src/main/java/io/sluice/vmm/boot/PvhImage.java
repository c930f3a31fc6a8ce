package io.sluice.vmm.boot;

import io.sluice.vmm.address.Gpa;

/// An ELF kernel with a PVH entry: a note says where it is entered in 32-bit protected mode, and EBX points to
/// `hvm_start_info` (Xen, public/arch-x86/hvm/start_info.h, version 1).
final class PvhImage implements BootImage {
    private static final int PHYS32_ENTRY = 18;
    private static final int MAGIC = 0x336EC578;
    private static final int START_INFO = 56;
    private static final int MODULE = 32;
    private static final long PAGE = 4096;

    private final BootConfig config;
    private final Elf elf;
    private final int entry;

    private PvhImage(BootConfig config, Elf elf, int entry) {
        this.config = config;
        this.elf = elf;
        this.entry = entry;
    }

    static PvhImage read(BootConfig config, Elf elf) {
        var note = elf.note("Xen", PHYS32_ENTRY);
        if (note == null) {
            throw new BootException("kernel is an ELF file of " + (elf.is64() ? 64 : 32)
                    + " bits with neither a PVH note nor a multiboot header: it does not say how it is entered");
        }
        if (note.length() != 4 && note.length() != 8) {
            throw elf.file().malformed("its PVH note has " + note.length() + " bytes");
        }
        long entry = note.length() == 8
                ? elf.file().u64("PVH note", note.offset())
                : elf.file().u32("PVH note", note.offset());
        if (entry >>> 32 != 0 || !elf.loads(entry)) {
            throw elf.file().malformed("its PVH entry 0x" + Long.toHexString(entry) + " lies outside of what it loads");
        }
        if (config.modules().size() > 1) {
            throw new BootException(
                    "a PVH kernel takes one initrd, not " + config.modules().size());
        }
        return new PvhImage(config, elf, (int) entry);
    }

    @Override
    public String description() {
        return "PVH ELF kernel of " + (elf.is64() ? 64 : 32) + " bits";
    }

    @Override
    public EntryState load(GuestMemory memory) {
        var firmware = config.firmware();
        var placement = new Placement(firmware.map());
        elf.reserve(placement);
        elf.write(memory);

        long commandLine = put(placement, memory, "the command line", Binary.cString(config.commandLine()));
        long map = put(placement, memory, "the memory map", firmware.map().pvh());
        long modules = 0;
        if (!config.modules().isEmpty()) {
            var initrd = config.modules().getFirst().bytes();
            long limit = firmware.layout().lowEnd() - 1;
            long at = placement.highest("the initrd", limit, Math.max(1, initrd.length), PAGE);
            memory.store(at, initrd);
            var entry64 = Binary.allocate(MODULE).putLong(at).putLong(initrd.length);
            modules = put(placement, memory, "the module list", entry64.array());
        }
        var info = Binary.allocate(START_INFO)
                .putInt(MAGIC)
                .putInt(1)
                .putInt(0)
                .putInt(config.modules().size())
                .putLong(modules)
                .putLong(commandLine)
                .putLong(firmware.rsdp().bits())
                .putLong(map)
                .putInt(firmware.map().entries().size())
                .putInt(0);
        long infoAt = put(placement, memory, "the start info", info.array());
        long gdt = put(placement, memory, "descriptor table", Gdt.protected32());
        firmware.write(memory);
        return new EntryState.Protected32(entry, 0, (int) infoAt, new Gpa(gdt), Gdt.LIMIT);
    }

    private static long put(Placement placement, GuestMemory memory, String what, byte[] bytes) {
        long at = placement.lowest(what, Placement.LOWEST, bytes.length, 16);
        memory.store(at, bytes);
        return at;
    }
}
