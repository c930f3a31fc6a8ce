package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.memory.HostMemory;
import java.lang.invoke.VarHandle;

/// Loads and stores of translated code. The fences keep the JIT compiler from changing their order (x86-TSO); on an x86
/// host they are no instructions. Values are zero-extended.
final class GuestAccess {
    private GuestAccess() {}

    static long load1(Mmu mmu, long linear) {
        long value = mmu.load8(linear);
        VarHandle.acquireFence();
        return value;
    }

    static long load2(Mmu mmu, long linear) {
        long value = mmu.load16(linear);
        VarHandle.acquireFence();
        return value;
    }

    static long load4(Mmu mmu, long linear) {
        long value = mmu.load32(linear) & 0xFFFF_FFFFL;
        VarHandle.acquireFence();
        return value;
    }

    static long load8(Mmu mmu, long linear) {
        long value = mmu.load64(linear);
        VarHandle.acquireFence();
        return value;
    }

    static void store1(Mmu mmu, long linear, long value) {
        VarHandle.releaseFence();
        mmu.store8(linear, (int) value & 0xFF);
    }

    static void store2(Mmu mmu, long linear, long value) {
        VarHandle.releaseFence();
        mmu.store16(linear, (int) value & 0xFFFF);
    }

    static void store4(Mmu mmu, long linear, long value) {
        VarHandle.releaseFence();
        mmu.store32(linear, (int) value);
    }

    static void store8(Mmu mmu, long linear, long value) {
        VarHandle.releaseFence();
        mmu.store64(linear, value);
    }

    // ---- at a host address that was asked for before: a read and a write that are one access

    static long get1(long host) {
        return HostMemory.getByte(host);
    }

    static long get2(long host) {
        return HostMemory.getShort(host);
    }

    static long get4(long host) {
        return HostMemory.getInt(host) & 0xFFFF_FFFFL;
    }

    static long get8(long host) {
        return HostMemory.getLong(host);
    }

    static void put1(long host, long value) {
        VarHandle.releaseFence();
        HostMemory.putByte(host, (int) value);
    }

    static void put2(long host, long value) {
        VarHandle.releaseFence();
        HostMemory.putShort(host, (int) value);
    }

    static void put4(long host, long value) {
        VarHandle.releaseFence();
        HostMemory.putInt(host, (int) value);
    }

    static void put8(long host, long value) {
        VarHandle.releaseFence();
        HostMemory.putLong(host, value);
    }
}
