package io.sluice.vmm.boot;

/// A boot sector, and what follows it: loaded at 0x7C00 and entered there in real mode, as a BIOS does.
///
/// It is told by its signature, 55 AA at offset 510; anything else is no kernel.
final class FlatImage implements BootImage {
    static final int ADDRESS = 0x7C00;
    private static final int SIGNATURE = 510;
    private static final int FIRST_DISK = 0x80;

    private final BootConfig config;

    private FlatImage(BootConfig config) {
        this.config = config;
    }

    static FlatImage read(BootConfig config, Binary file) {
        if (!file.startsWith(SIGNATURE, (byte) 0x55, (byte) 0xAA)) {
            throw new BootException("kernel image is of no known kind: " + file.length()
                    + " bytes without a Linux, multiboot, ELF or boot-sector signature");
        }
        if (file.startsWith(0, (byte) 'M', (byte) 'Z')) {
            // The first sector of a Linux kernel, which is an EFI program too, has the same signature.
            throw new BootException("kernel image is truncated or no kernel: " + file.length()
                    + " bytes that start as an EFI program does");
        }
        if (!config.modules().isEmpty() || !config.commandLine().isEmpty()) {
            throw new BootException("a boot sector takes neither initrd nor command line");
        }
        return new FlatImage(config);
    }

    @Override
    public String description() {
        return "boot sector in real mode";
    }

    @Override
    public EntryState load(GuestMemory memory) {
        var bytes = config.kernel().bytes();
        new Placement(config.firmware().map()).reserve("the boot sector", ADDRESS, bytes.length);
        memory.store(ADDRESS, bytes);
        config.firmware().write(memory);
        return new EntryState.Real16(0, ADDRESS, ADDRESS, FIRST_DISK);
    }
}
