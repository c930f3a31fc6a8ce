package io.sluice.vmm.boot;

import java.util.HashMap;
import java.util.Map;

/// Guest memory for loaders: pages come into being when written. Writes outside of the layout's RAM are refused.
final class SparseMemory implements GuestMemory {
    private static final int PAGE = 4096;

    private final MemoryLayout layout;
    private final Map<Long, byte[]> pages = new HashMap<>();

    SparseMemory(MemoryLayout layout) {
        this.layout = layout;
    }

    @Override
    public boolean write(long address, byte[] source, int offset, int length) {
        boolean inRam = layout.pieces().stream()
                .anyMatch(p -> address >= p.first().bits()
                        && address + length <= p.first().bits() + p.length());
        if (!inRam) {
            return false;
        }
        for (int done = 0; done < length; ) {
            long at = address + done;
            int chunk = (int) Math.min(length - done, PAGE - at % PAGE);
            var page = pages.computeIfAbsent(at / PAGE, index -> new byte[PAGE]);
            System.arraycopy(source, offset + done, page, (int) (at % PAGE), chunk);
            done += chunk;
        }
        return true;
    }

    int u8(long address) {
        var page = pages.get(address / PAGE);
        return page == null ? 0 : page[(int) (address % PAGE)] & 0xFF;
    }

    int u16(long address) {
        return u8(address) | u8(address + 1) << 8;
    }

    int i32(long address) {
        return u16(address) | u16(address + 2) << 16;
    }

    long u64(long address) {
        return i32(address) & 0xFFFF_FFFFL | (long) i32(address + 4) << 32;
    }

    byte[] bytes(long address, int length) {
        var out = new byte[length];
        for (int i = 0; i < length; i++) {
            out[i] = (byte) u8(address + i);
        }
        return out;
    }

    String text(long address) {
        var out = new StringBuilder();
        for (long at = address; u8(at) != 0; at++) {
            out.append((char) u8(at));
        }
        return out.toString();
    }
}
