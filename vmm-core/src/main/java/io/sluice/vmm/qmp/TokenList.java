package io.sluice.vmm.qmp;

import java.util.Arrays;

/// The tokens of one message that is not complete yet: their bytes one after the other, and where each ends. The first
/// byte of a token says what it is. Memory comes out of an [InputBudget] that all sessions share.
final class TokenList {
    /// A message has at most so many bytes in its tokens, and so many tokens.
    static final int MAX_BYTES = 64 << 20;

    static final int MAX_TOKENS = 2 << 20;

    private static final int KEPT_BYTES = 4096;
    private static final int KEPT_TOKENS = 256;

    private final InputBudget budget;
    private byte[] bytes = new byte[256];
    private int[] ends = new int[32];
    private int length;
    private int count;

    /// Out of [#budget], beyond the small arrays that every session starts with.
    private long charged;

    TokenList(InputBudget budget) {
        this.budget = budget;
    }

    byte[] bytes() {
        return bytes;
    }

    /// Bytes so far, those of a token that has not ended included.
    int length() {
        return length;
    }

    int count() {
        return count;
    }

    int start(int token) {
        return token == 0 ? 0 : ends[token - 1];
    }

    int end(int token) {
        return ends[token];
    }

    /// Where the token starts that has not ended.
    int pending() {
        return count == 0 ? 0 : ends[count - 1];
    }

    /// Takes more of a token.
    ///
    /// @return whether there was room
    boolean append(byte[] from, int first, int end) {
        int more = end - first;
        if (more > MAX_BYTES - length) {
            return false;
        }
        if (length + more > bytes.length && !growBytes(length + more)) {
            return false;
        }
        if (more == 1) {
            bytes[length] = from[first];
        } else {
            System.arraycopy(from, first, bytes, length, more);
        }
        length += more;
        return true;
    }

    /// Ends a token.
    ///
    /// @return whether there was room
    boolean end() {
        if (count == ends.length) {
            int size = Math.min(ends.length * 2, MAX_TOKENS);
            if (size == count || !charge((size - count) * (long) Integer.BYTES)) {
                return false;
            }
            ends = Arrays.copyOf(ends, size);
        }
        ends[count++] = length;
        return true;
    }

    private boolean growBytes(int needed) {
        int size = (int) Math.min(Math.max(needed, bytes.length * 2L), MAX_BYTES);
        if (!charge(size - bytes.length)) {
            return false;
        }
        bytes = Arrays.copyOf(bytes, size);
        return true;
    }

    private boolean charge(long more) {
        if (!budget.take(more)) {
            return false;
        }
        charged += more;
        return true;
    }

    /// Forgets everything, and gives back what is more than little.
    void clear() {
        length = 0;
        count = 0;
        if (bytes.length > KEPT_BYTES || ends.length > KEPT_TOKENS) {
            release();
        }
    }

    /// Gives everything back.
    void release() {
        budget.give(charged);
        charged = 0;
        length = 0;
        count = 0;
        bytes = new byte[256];
        ends = new int[32];
    }
}
