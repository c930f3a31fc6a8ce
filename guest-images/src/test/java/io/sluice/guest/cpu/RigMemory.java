package io.sluice.guest.cpu;

import io.sluice.vmm.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The RAM of a [Rig], by physical address, little-endian.
abstract class RigMemory implements AutoCloseable {
    final GuestRam ram;

    RigMemory(int bytes) {
        ram = GuestRam.allocate(bytes);
    }

    void put(long address, int... bytes) {
        var data = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            data[i] = (byte) bytes[i];
        }
        ram.write(address, data);
    }

    void put16(long address, int value) {
        put(address, value, value >> 8);
    }

    void put32(long address, long value) {
        ram.write(address, little(8).putLong(value).array(), 0, 4);
    }

    void put64(long address, long value) {
        ram.write(address, little(8).putLong(value).array());
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    long get64(long address) {
        var data = little(8);
        ram.read(address, data.array(), 0, 8);
        return data.getLong(0);
    }

    long get32(long address) {
        return get64(address) & 0xFFFF_FFFFL;
    }

    int get16(long address) {
        return (int) get64(address) & 0xFFFF;
    }

    int get8(long address) {
        return (int) get64(address) & 0xFF;
    }

    @Override
    public void close() {
        ram.close();
    }
}
