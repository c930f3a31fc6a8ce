package io.sluice.vmm.boot;

/// The setup header of a bzImage (Linux, Documentation/arch/x86/boot.rst), read and checked.
///
/// @param kernelOffset where the protected-mode part starts in the file
/// @param kernelBytes its length as the header says
/// @param payloadOffset where the compressed payload starts in the file; its length is 0 where there is none
/// @param initrdMax the highest address that the initrd may use
record LinuxHeader(
        int version,
        int kernelOffset,
        int kernelBytes,
        int payloadOffset,
        int payloadBytes,
        long preferredAddress,
        long initSize,
        long alignment,
        long initrdMax,
        int commandLineMax,
        int end) {
    /// Offsets in the file's first sectors, and equally in the zero page.
    static final int START = 0x1F1;
    static final int SETUP_SECTS = 0x1F1;
    static final int SYSSIZE = 0x1F4;
    static final int VID_MODE = 0x1FA;
    static final int BOOT_FLAG = 0x1FE;
    static final int JUMP_LENGTH = 0x201;
    static final int MAGIC = 0x202;
    static final int VERSION = 0x206;
    static final int TYPE_OF_LOADER = 0x210;
    static final int LOADFLAGS = 0x211;
    static final int CODE32_START = 0x214;
    static final int RAMDISK_IMAGE = 0x218;
    static final int RAMDISK_SIZE = 0x21C;
    static final int CMD_LINE_PTR = 0x228;
    static final int INITRD_ADDR_MAX = 0x22C;
    static final int KERNEL_ALIGNMENT = 0x230;
    static final int XLOADFLAGS = 0x236;
    static final int CMDLINE_SIZE = 0x238;
    static final int PAYLOAD_OFFSET = 0x248;
    static final int PAYLOAD_LENGTH = 0x24C;
    static final int SETUP_DATA = 0x250;
    static final int PREF_ADDRESS = 0x258;
    static final int INIT_SIZE = 0x260;

    static final int LOADED_HIGH = 1;

    private static final int HDRS = 0x53726448;
    private static final int SECTOR = 512;
    private static final int LAST_IN_ZERO_PAGE = 0x290;
    /// Has the 64-bit entry and its flags.
    private static final int WITH_64_BIT_ENTRY = 0x020C;
    private static final int XLF_KERNEL_64 = 1;

    static boolean isLinux(Binary file) {
        return file.holds(MAGIC, 4) && file.i32("magic", MAGIC) == HDRS;
    }

    static LinuxHeader parse(Binary file) {
        int version = file.u16("setup header", VERSION);
        if (file.u16("setup header", BOOT_FLAG) != 0xAA55) {
            throw file.malformed("its setup header has no boot flag 0xAA55");
        }
        int sectors = file.u8("setup header", SETUP_SECTS);
        int kernelOffset = ((sectors == 0 ? 4 : sectors) + 1) * SECTOR;
        long kernelBytes = file.u32("setup header", SYSSIZE) * 16;
        if (!file.holds(kernelOffset, kernelBytes)) {
            throw new BootException("kernel image is truncated: header says " + (kernelOffset + kernelBytes)
                    + " bytes, file has " + file.length());
        }
        if (version < WITH_64_BIT_ENTRY || (file.u16("setup header", XLOADFLAGS) & XLF_KERNEL_64) == 0) {
            throw new BootException(
                    "kernel has no 64-bit entry: it speaks boot protocol " + text(version) + " without XLF_KERNEL_64");
        }
        if ((file.u8("setup header", LOADFLAGS) & LOADED_HIGH) == 0) {
            throw new BootException("kernel is a zImage, which has no 64-bit entry");
        }
        if (kernelBytes <= LinuxImage.ENTRY_64) {
            throw file.malformed("its protected-mode part has only " + kernelBytes + " bytes");
        }
        long payloadOffset = file.u32("setup header", PAYLOAD_OFFSET);
        long payloadBytes = file.u32("setup header", PAYLOAD_LENGTH);
        if (payloadOffset + payloadBytes > kernelBytes) {
            throw file.malformed(
                    "its payload ends at " + (payloadOffset + payloadBytes) + ", the kernel at " + kernelBytes);
        }
        long alignment = file.u32("setup header", KERNEL_ALIGNMENT);
        if (Long.bitCount(alignment) != 1 || alignment > 1 << 30) {
            throw file.malformed("kernel_alignment is 0x" + Long.toHexString(alignment));
        }
        return new LinuxHeader(
                version,
                kernelOffset,
                (int) kernelBytes,
                (int) (kernelOffset + payloadOffset),
                (int) payloadBytes,
                file.u64("setup header", PREF_ADDRESS),
                file.u32("setup header", INIT_SIZE),
                alignment,
                file.u32("setup header", INITRD_ADDR_MAX),
                (int) Math.min(file.u32("setup header", CMDLINE_SIZE), 1 << 16),
                Math.min(MAGIC + file.u8("setup header", JUMP_LENGTH), LAST_IN_ZERO_PAGE));
    }

    static String text(int version) {
        return (version >> 8) + "." + String.format("%02d", version & 0xFF);
    }
}
