package io.sluice.vmm.app;

import java.util.concurrent.atomic.AtomicInteger;

/// Bytes from one thread to one other, without a lock: a ring of a power of two. "One thread" may be a strand.
final class ByteRing {
    private final byte[] bytes;
    private final AtomicInteger head = new AtomicInteger();
    private final AtomicInteger tail = new AtomicInteger();

    ByteRing(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("a ring's capacity is a power of two: " + capacity);
        }
        bytes = new byte[capacity];
    }

    /// Producer: `false` if it is full.
    boolean offer(byte octet) {
        int at = tail.get();
        if (at - head.get() == bytes.length) {
            return false;
        }
        bytes[at & bytes.length - 1] = octet;
        tail.set(at + 1);
        return true;
    }

    /// Consumer: the next byte as 0 to 255, or -1.
    int poll() {
        int at = head.get();
        if (at == tail.get()) {
            return -1;
        }
        int octet = bytes[at & bytes.length - 1] & 0xFF;
        head.set(at + 1);
        return octet;
    }

    /// Consumer: copies what is there into `target`, which may be less than it holds, and leaves it in the ring.
    int peek(byte[] target) {
        int at = head.get();
        int length = Math.min(target.length, tail.get() - at);
        for (int i = 0; i < length; i++) {
            target[i] = bytes[at + i & bytes.length - 1];
        }
        return length;
    }

    /// Consumer: drops `count` bytes that it has seen.
    void skip(int count) {
        head.set(head.get() + count);
    }

    /// Any thread; exact for the two that use it.
    int size() {
        return tail.get() - head.get();
    }

    /// Producer: how many bytes still fit.
    int space() {
        return bytes.length - size();
    }
}
