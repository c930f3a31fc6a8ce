package io.sluice.vfio.host.iommu;

/// What one IOMMU can do.
///
/// @param name what it is called, as `dmar0`
/// @param format what its page tables look like
/// @param firstAddress the first I/O virtual address that its domains can translate
/// @param lastAddress the last one, inclusive
/// @param dirtyTracking whether writes can be noted in page tables
/// @param pasidBits width of the PASIDs that it takes; 0 for none
/// @param nesting whether a guest's first stage can stand on a domain
/// @param pageRequests whether a device can ask for pages
/// @param enforcesCoherency whether it can make all DMA snoop the caches
/// @param interruptRemapping whether devices are kept from sending each other's interrupts
/// @param cap the VT-d capability register, as it is shown to user space
/// @param ecap the VT-d extended capability register
public record UnitSettings(
        String name,
        TableFormat format,
        long firstAddress,
        long lastAddress,
        boolean dirtyTracking,
        int pasidBits,
        boolean nesting,
        boolean pageRequests,
        boolean enforcesCoherency,
        boolean interruptRemapping,
        long cap,
        long ecap) {
    static final int MOST_PASID_BITS = 20;

    public UnitSettings {
        if (firstAddress < 0 || lastAddress < firstAddress || lastAddress > format.last()) {
            throw new IllegalArgumentException("an aperture from " + firstAddress + " to " + lastAddress);
        }
        if (pasidBits < 0 || pasidBits > MOST_PASID_BITS) {
            throw new IllegalArgumentException("PASIDs of " + pasidBits + " bits");
        }
    }

    /// A VT-d unit of a present-day server: 48 bits, all that there is (VT-d specification, sections 11.4.2, 11.4.3).
    public static UnitSettings vtd(String name) {
        var format = TableFormat.VTD_48;
        return new UnitSettings(
                name,
                format,
                0,
                format.last(),
                true,
                MOST_PASID_BITS,
                true,
                true,
                true,
                true,
                0x11D2_078C_226F_0606L,
                0x0001_ED9E_A4F0_0FDFL);
    }
}
