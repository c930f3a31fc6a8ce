package io.sluice.vfio.vfio;

import io.sluice.vfio.vfio.FeatureData.LoggingRange;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// Notes of a software device's writes, as it makes them. Inside the device's strand.
public final class DirtyPages implements DmaLogOps {
    private static final int SHIFT = 12;
    private static final int SPAN_PAGES = 1 << 20;

    private record Noted(LoggingRange range, BitSet pages) {}

    private List<Noted> noted = List.of();

    @Override
    public long start(long pageSize, List<LoggingRange> ranges) {
        var all = new ArrayList<Noted>();
        ranges.forEach(range -> all.add(new Noted(range, new BitSet())));
        noted = all;
        return 1L << SHIFT;
    }

    @Override
    public void stop() {
        noted = List.of();
    }

    /// The device has written there.
    public void written(long iova, int length) {
        for (int i = 0; i < noted.size(); i++) {
            var one = noted.get(i);
            long first = Math.max(iova, one.range.iova());
            long last = Math.min(iova + length, one.range.iova() + one.range.length()) - 1;
            if (first <= last) {
                one.pages.set(page(one, first), page(one, last) + 1);
            }
        }
    }

    /// A range of more pages than fit is noted coarser, never less.
    private static int page(Noted one, long iova) {
        return (int) (iova - one.range.iova() >>> shift(one));
    }

    private static int shift(Noted one) {
        int shift = SHIFT;
        while (one.range.length() >>> shift > SPAN_PAGES) {
            shift++;
        }
        return shift;
    }

    @Override
    public void report(long iova, long length, long pageSize, long[] bitmap) {
        for (var one : noted) {
            if (iova >= one.range.iova() && iova + length <= one.range.iova() + one.range.length()) {
                report(one, iova, length, pageSize, bitmap);
            }
        }
    }

    private static void report(Noted one, long iova, long length, long pageSize, long[] bitmap) {
        int end = page(one, iova + length - 1) + 1;
        for (int page = one.pages.nextSetBit(page(one, iova));
                page >= 0 && page < end;
                page = one.pages.nextSetBit(page + 1)) {
            long at = one.range.iova() + ((long) page << shift(one));
            long first = Math.max(at, iova) - iova;
            long last = Math.min(at + (1L << shift(one)), iova + length) - 1 - iova;
            for (long bit = first / pageSize; bit <= last / pageSize; bit++) {
                bitmap[(int) (bit >>> 6)] |= 1L << bit;
            }
            one.pages.clear(page);
        }
    }
}
