package io.sluice.vfio.host.iommu;

/// A guest's first-stage tables, as the guest names them (VT-d specification, section 9.6).
///
/// @param tablePointer where the top table is, in addresses of the parent domain
/// @param addressWidth 48 for four levels, 57 for five
/// @param flags [#SUPERVISOR], [#EXTENDED_ACCESSED], [#WRITE_PROTECT]
public record StageOne(long tablePointer, int addressWidth, long flags) {
    /// SRE: requests with supervisor privilege are taken.
    public static final long SUPERVISOR = 1;
    /// EAFE: the extended accessed bit is set too.
    public static final long EXTENDED_ACCESSED = 2;
    /// WPE: read-only pages are so for supervisor requests too.
    public static final long WRITE_PROTECT = 4;

    static final int PAGE_SHIFT = 12;
    private static final long TABLES = 0x000F_FFFF_FFFF_F000L;

    static final long FLAGS = SUPERVISOR | EXTENDED_ACCESSED | WRITE_PROTECT;

    boolean isWellFormed() {
        return (addressWidth == 48 || addressWidth == 57) && (tablePointer & ~TABLES) == 0;
    }
}
