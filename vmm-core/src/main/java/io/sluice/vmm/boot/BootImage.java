package io.sluice.vmm.boot;

/// A parsed image, ready to be written to guest memory as often as the machine is reset.
///
/// Parsing checks everything that can be checked without memory; [#load] fills memory, and fails only where the guest
/// has too little of it.
public sealed interface BootImage permits LinuxImage, PvhImage, MultibootImage, FlatImage {
    /// What was recognised, for the log: "Linux 64-bit boot protocol 2.15, xz payload".
    String description();

    /// Writes firmware tables, kernel, modules and boot structures.
    EntryState load(GuestMemory memory);

    /// Recognises and checks the kernel.
    ///
    /// @throws BootException if it is nothing that boots here
    static BootImage read(BootConfig config) {
        var file = new Binary("kernel image", config.kernel().bytes());
        if (LinuxHeader.isLinux(file)) {
            return LinuxImage.read(config, file);
        }
        var multiboot = MultibootHeader.find(file);
        if (multiboot != null) {
            return MultibootImage.read(config, file, multiboot);
        }
        if (Elf.isElf(file)) {
            return PvhImage.read(config, Elf.parse(file));
        }
        return FlatImage.read(config, file);
    }

    /// Whether `-initrd` lists several files with arguments for this kernel, instead of being one path.
    static boolean takesModules(byte[] kernel) {
        var file = new Binary("kernel image", kernel);
        return !LinuxHeader.isLinux(file) && MultibootHeader.find(file) != null;
    }
}
