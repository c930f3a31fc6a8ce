package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.memory.HostMemory;

/// Host memory by access size, for the slow paths.
final class AddressSpaceAccess {
    private AddressSpaceAccess() {}

    static long readHost(long host, int size) {
        return switch (size) {
            case 1 -> HostMemory.getByte(host);
            case 2 -> HostMemory.getShort(host);
            case 4 -> HostMemory.getInt(host) & 0xFFFF_FFFFL;
            case 8 -> HostMemory.getLong(host);
            default -> throw new IllegalArgumentException("no such access size: " + size);
        };
    }

    static void writeHost(long host, int size, long value) {
        switch (size) {
            case 1 -> HostMemory.putByte(host, (int) value);
            case 2 -> HostMemory.putShort(host, (int) value);
            case 4 -> HostMemory.putInt(host, (int) value);
            case 8 -> HostMemory.putLong(host, value);
            default -> throw new IllegalArgumentException("no such access size: " + size);
        }
    }
}
