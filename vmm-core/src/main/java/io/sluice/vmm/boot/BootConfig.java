package io.sluice.vmm.boot;

import java.util.List;

/// What to boot.
///
/// @param kernel a kernel image of any kind that [BootImage] knows
/// @param modules the initrd for Linux and PVH (at most one), or multiboot modules
/// @param decompress whether the host unpacks a compressed Linux kernel; otherwise the kernel does it itself
/// @param rngSeed entropy for the guest's random pool, or no bytes; a recorded run must pass the same again
/// @param firmware the tables and the memory map
public record BootConfig(
        BootFile kernel,
        List<BootFile> modules,
        String commandLine,
        boolean decompress,
        byte[] rngSeed,
        Firmware firmware) {
    public BootConfig {
        modules = List.copyOf(modules);
        if (commandLine.indexOf('\0') >= 0) {
            throw new BootException("the kernel command line holds a zero byte");
        }
    }

    /// A kernel alone: no initrd, an empty command line, unpacked on the host, no seed.
    public static BootConfig of(BootFile kernel, Firmware firmware) {
        return new BootConfig(kernel, List.of(), "", true, new byte[0], firmware);
    }

    public BootConfig withModules(List<BootFile> files) {
        return new BootConfig(kernel, files, commandLine, decompress, rngSeed, firmware);
    }

    public BootConfig withCommandLine(String text) {
        return new BootConfig(kernel, modules, text, decompress, rngSeed, firmware);
    }

    public BootConfig withDecompress(boolean value) {
        return new BootConfig(kernel, modules, commandLine, value, rngSeed, firmware);
    }

    public BootConfig withRngSeed(byte[] seed) {
        return new BootConfig(kernel, modules, commandLine, decompress, seed, firmware);
    }
}
