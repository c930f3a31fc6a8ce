package io.sluice.vmm.device.pcitest;

import java.nio.charset.StandardCharsets;

/// One row of the test table of pci-testdev: what it counts, and the header that the guest reads while it is chosen.
///
/// The header: test u8, width u8, two bytes, offset u32, data u8, three bytes, count u32, name with NUL.
enum IoTest {
    MMIO_NO_EVENTFD("mmio-no-eventfd", 2048, true),
    MMIO_WILDCARD("mmio-wildcard-eventfd", 2048, false),
    MMIO_DATAMATCH("mmio-datamatch-eventfd", 2048, true),
    PORTIO_NO_EVENTFD("portio-no-eventfd", 128, true),
    PORTIO_WILDCARD("portio-wildcard-eventfd", 128, false),
    PORTIO_DATAMATCH("portio-datamatch-eventfd", 128, true);

    static final int TESTS_OF_A_BAR = 3;
    private static final int MATCH = 0xFA;
    private static final int NO_MATCH = 0xCE;
    private static final int NAME = 16;
    private static final int COUNT = 12;

    private final boolean matchesData;
    private final int target;
    private final byte[] header;

    IoTest(String name, int halfOfBar, boolean matchesData) {
        this.matchesData = matchesData;
        this.target = halfOfBar + ordinal();
        var text = name.getBytes(StandardCharsets.US_ASCII);
        header = new byte[NAME + text.length + 1];
        header[0] = (byte) ordinal();
        header[1] = 1;
        header[4] = (byte) target;
        header[5] = (byte) (target >> 8);
        header[8] = (byte) (matchesData ? MATCH : NO_MATCH);
        System.arraycopy(text, 0, header, NAME, text.length);
    }

    /// Whether a write of one byte counts. Only the data-matching tests look at the byte.
    boolean counts(long offset, int value) {
        return offset == target && (!matchesData || value == MATCH);
    }

    /// A byte of the header; the last one, and what is beyond, reads as 0.
    int header(long offset, int count) {
        if (offset < 0 || offset >= header.length - 1) {
            return 0;
        }
        int at = (int) offset;
        return at >= COUNT && at < NAME ? count >> 8 * (at - COUNT) & 0xFF : header[at] & 0xFF;
    }
}
