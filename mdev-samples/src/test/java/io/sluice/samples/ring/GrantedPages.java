package io.sluice.samples.ring;

import java.util.BitSet;

/// Memory of which single pages are granted and taken back.
final class GrantedPages implements RingMemory {
    /// Is told of each access that is made.
    interface Watch {
        void access(boolean writes, int at, int length);
    }

    static final int PAGE = 4096;
    static final long BASE = 0x7_0000_0000L;

    final byte[] bytes;
    private final BitSet granted = new BitSet();
    long written;
    Watch watch = (writes, at, length) -> {};

    GrantedPages(int pages) {
        bytes = new byte[pages * PAGE];
        granted.set(0, pages);
    }

    void revoke(long iova) {
        granted.clear(page(iova));
    }

    void grant(long iova) {
        granted.set(page(iova));
    }

    private static int page(long iova) {
        return (int) ((iova - BASE) / PAGE);
    }

    private boolean reaches(long iova, int length) {
        if (iova < BASE || iova > BASE + bytes.length - length) {
            return false;
        }
        return granted.nextClearBit(page(iova)) > page(iova + length - 1);
    }

    @Override
    public boolean read(long iova, byte[] target, int offset, int length) {
        boolean reached = reaches(iova, length);
        if (reached) {
            watch.access(false, (int) (iova - BASE), length);
            System.arraycopy(bytes, (int) (iova - BASE), target, offset, length);
        }
        return reached;
    }

    @Override
    public boolean write(long iova, byte[] source, int offset, int length) {
        boolean reached = reaches(iova, length);
        if (reached) {
            watch.access(true, (int) (iova - BASE), length);
            System.arraycopy(source, offset, bytes, (int) (iova - BASE), length);
            written += length;
        }
        return reached;
    }
}
