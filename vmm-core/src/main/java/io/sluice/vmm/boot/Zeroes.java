package io.sluice.vmm.boot;

/// Clears guest memory in pieces.
final class Zeroes {
    private static final byte[] SOME = new byte[1 << 16];

    private Zeroes() {}

    static void write(GuestMemory memory, long address, long length) {
        for (long done = 0; done < length; done += SOME.length) {
            memory.store(address + done, SOME, 0, (int) Math.min(SOME.length, length - done));
        }
    }
}
