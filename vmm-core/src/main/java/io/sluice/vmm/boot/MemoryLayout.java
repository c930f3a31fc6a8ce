package io.sluice.vmm.boot;

import io.sluice.vmm.address.Gpa;
import java.util.ArrayList;
import java.util.List;

/// Where RAM lies in guest physical memory.
///
/// RAM goes from 0 up to the PCI hole at 2.75 GiB; the rest starts at 4 GiB. The legacy video window, 0xA0000 to
/// 0xBFFFF,
/// is not RAM; 0xC0000 to 0xFFFFF is RAM in which the loader leaves what firmware would have in its ROM.
public record MemoryLayout(long ramBytes) {
    /// The first byte of the PCI hole: ECAM starts there.
    public static final long LOW_LIMIT = 0xB000_0000L;

    /// Where RAM goes on above the PCI hole.
    public static final long HIGH_BASE = 0x1_0000_0000L;

    /// The 64-bit PCI window starts at 256 GiB; RAM ends before it.
    public static final long HIGH_LIMIT = 0x40_0000_0000L;

    static final long VIDEO_BASE = 0xA_0000;
    static final long ROM_BASE = 0xC_0000;
    static final long MEBIBYTE = 0x10_0000;
    private static final long PAGE = 4096;

    /// A range of RAM, and where it starts in the RAM's file.
    public record Piece(Gpa first, long length, long fileOffset) {}

    public MemoryLayout {
        if (ramBytes < 2 * MEBIBYTE || ramBytes % PAGE != 0 || ramBytes - LOW_LIMIT > HIGH_LIMIT - HIGH_BASE) {
            throw new BootException("a machine has 2 MiB to 254 GiB of RAM in whole pages, not " + ramBytes + " bytes");
        }
    }

    /// The end of RAM below the PCI hole, exclusive.
    public long lowEnd() {
        return Math.min(ramBytes, LOW_LIMIT);
    }

    /// Bytes of RAM above 4 GiB.
    public long highBytes() {
        return ramBytes - lowEnd();
    }

    /// What to map: the file is one of [#ramBytes()] bytes.
    public List<Piece> pieces() {
        var pieces = new ArrayList<Piece>();
        pieces.add(new Piece(new Gpa(0), VIDEO_BASE, 0));
        pieces.add(new Piece(new Gpa(ROM_BASE), lowEnd() - ROM_BASE, ROM_BASE));
        if (highBytes() > 0) {
            pieces.add(new Piece(new Gpa(HIGH_BASE), highBytes(), lowEnd()));
        }
        return List.copyOf(pieces);
    }
}
