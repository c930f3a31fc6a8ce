package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;

/// Who hears of requests that went nowhere. On the thread that did the DMA, after the piece that failed; must not
/// block.
@FunctionalInterface
public interface DmaFaults {
    /// Why a request went nowhere, as VT-d counts the reasons (VT-d specification, section 7.1.3).
    enum Reason {
        /// The requester id is nobody's.
        UNKNOWN_REQUESTER(0x41, false),
        /// A translated request, and the device may not hold translations.
        TRANSLATED_BLOCKED(0x44, false),
        /// The requester id, or its PASID, is in no domain.
        BLOCKED(0x59, false),
        /// A supervisor request to a first stage that takes none.
        SUPERVISOR_BLOCKED(0x5D, false),
        /// A page was asked for, and the answer was no.
        PAGE_REFUSED(0x47, false),
        /// A first-stage entry could not be read: the parent does not map it.
        FIRST_STAGE_TABLE(0x70, false),
        /// A first-stage entry is not present.
        FIRST_STAGE_NOT_PRESENT(0x71, true),
        /// A reserved bit is set in a first-stage entry.
        FIRST_STAGE_RESERVED(0x72, false),
        /// The top of the first stage could not be read.
        FIRST_STAGE_ROOT(0x73, false),
        /// A first-stage entry names a table beyond what the parent translates.
        FIRST_STAGE_TABLE_LIMIT(0x76, false),
        /// A first-stage entry names a page beyond what the parent translates.
        FIRST_STAGE_PAGE_LIMIT(0x77, false),
        /// The second stage maps nothing there.
        NOT_PRESENT(0x79, true),
        /// The second stage maps it, but not for this.
        NOT_ALLOWED(0x79, true),
        /// An address of the first stage that is not canonical.
        NOT_CANONICAL(0x80, false),
        /// A user request to a page of the supervisor's.
        SUPERVISOR_PAGE(0x81, true),
        /// A write to a page that the first stage lets be read only.
        WRITE_DENIED(0x85, true),
        /// Where writes are interrupts, anything else.
        INTERRUPT_ADDRESS(0x87, false),
        /// The accessed or dirty bit could not be set in a first-stage entry.
        FIRST_STAGE_ACCESSED(0x91, false);

        private static final Reason[] ALL = values();

        private final int code;
        private final boolean recoverable;

        Reason(int code, boolean recoverable) {
            this.code = code;
            this.recoverable = recoverable;
        }

        /// What stands in a fault record.
        public int code() {
            return code;
        }

        /// Whether the page may come, so that a device may ask for it.
        public boolean isRecoverable() {
            return recoverable;
        }

        /// Stands for it where an entry would stand. No bit of a permission is set in it.
        long asEntry() {
            return -(ordinal() + 1L << PageTable.FLAG_BITS);
        }

        static Reason at(int ordinal) {
            return ALL[ordinal];
        }

        /// Why an entry does not let a request through.
        static Reason of(long entry) {
            return entry < 0
                    ? ALL[(int) (-entry >> PageTable.FLAG_BITS) - 1]
                    : entry == PageTable.NONE ? NOT_PRESENT : NOT_ALLOWED;
        }
    }

    /// @param pasid 0 if the request had none
    /// @param iova the first address that could not be had
    void faulted(Bdf requester, int pasid, long iova, boolean write, Reason reason);
}
