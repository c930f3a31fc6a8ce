package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.ConditionCodes;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.memory.HostMemory;
import java.lang.invoke.VarHandle;

/// What translated code calls, by name.
///
/// Loads and stores are the hit in the translation cache, and behind it the interpreter's way, with everything told
/// before that it needs for a fault. The fences keep HotSpot from changing their order (x86-TSO); on an x86 host they
/// are no instructions. Values are zero-extended.
final class TranslatedCode {
    private TranslatedCode() {}

    // ---- coming and going

    /// Has the flags pending, whoever left them.
    static void open(CpuState s) {
        if (s.pendingKind == ConditionCodes.STORED) {
            s.pendingKind = ConditionCodes.PAIR;
            s.pendingA = s.lazyResult;
            s.pendingB = s.lazyAux;
        }
    }

    static void leave(CpuState s, long rip, int kind, long a, long b) {
        s.rip = rip;
        s.pendingKind = kind;
        s.pendingA = a;
        s.pendingB = b;
    }

    /// Before an operation of the interpreter: where it looks for the address of its instruction.
    static void enter(Core core, long rip, int point, int done, int kind, long a, long b) {
        core.suspend(point, done, kind, a, b);
        core.state.rip = rip;
        core.gpr[CpuState.BLOCK_RIP] = rip;
    }

    static long segmentBase(CpuState s, int number) {
        return s.segments[number].base;
    }

    /// The target of an indirect transfer.
    static long target(Core core, long linear, int point, int done, int kind, long a, long b) {
        if (!Mmu.isCanonical(linear)) {
            core.suspend(point, done, kind, a, b);
            throw GuestFault.gp0();
        }
        return linear;
    }

    // ---- loads

    static long load1(Core core, Mmu mmu, long linear, int point, int done, int kind, long a, long b) {
        long slot = mmu.readSlot(linear);
        if (mmu.isHit(slot, linear)) {
            long value = HostMemory.getByte(mmu.host(slot, linear));
            VarHandle.acquireFence();
            return value;
        }
        core.suspend(point, done, kind, a, b);
        return mmu.load8(linear);
    }

    static long load2(Core core, Mmu mmu, long linear, int point, int done, int kind, long a, long b) {
        long slot = mmu.readSlot(linear);
        if (mmu.isHit(slot, linear + 1)) {
            long value = HostMemory.getShort(mmu.host(slot, linear));
            VarHandle.acquireFence();
            return value;
        }
        core.suspend(point, done, kind, a, b);
        return mmu.load16(linear);
    }

    static long load4(Core core, Mmu mmu, long linear, int point, int done, int kind, long a, long b) {
        long slot = mmu.readSlot(linear);
        if (mmu.isHit(slot, linear + 3)) {
            long value = HostMemory.getInt(mmu.host(slot, linear)) & 0xFFFF_FFFFL;
            VarHandle.acquireFence();
            return value;
        }
        core.suspend(point, done, kind, a, b);
        return mmu.load32(linear) & 0xFFFF_FFFFL;
    }

    static long load8(Core core, Mmu mmu, long linear, int point, int done, int kind, long a, long b) {
        long slot = mmu.readSlot(linear);
        if (mmu.isHit(slot, linear + 7)) {
            long value = HostMemory.getLong(mmu.host(slot, linear));
            VarHandle.acquireFence();
            return value;
        }
        core.suspend(point, done, kind, a, b);
        return mmu.load64(linear);
    }

    // ---- stores: whether something asks for attention then

    static boolean store1(Core core, Mmu mmu, long linear, long value, int point, int done, int kind, long a, long b) {
        long slot = mmu.writeSlot(linear);
        if (mmu.isHit(slot, linear)) {
            VarHandle.releaseFence();
            HostMemory.putByte(mmu.host(slot, linear), (int) value);
            return false;
        }
        core.suspend(point, done, kind, a, b);
        mmu.store8(linear, (int) value & 0xFF);
        return core.look;
    }

    static boolean store2(Core core, Mmu mmu, long linear, long value, int point, int done, int kind, long a, long b) {
        long slot = mmu.writeSlot(linear);
        if (mmu.isHit(slot, linear + 1)) {
            VarHandle.releaseFence();
            HostMemory.putShort(mmu.host(slot, linear), (int) value);
            return false;
        }
        core.suspend(point, done, kind, a, b);
        mmu.store16(linear, (int) value & 0xFFFF);
        return core.look;
    }

    static boolean store4(Core core, Mmu mmu, long linear, long value, int point, int done, int kind, long a, long b) {
        long slot = mmu.writeSlot(linear);
        if (mmu.isHit(slot, linear + 3)) {
            VarHandle.releaseFence();
            HostMemory.putInt(mmu.host(slot, linear), (int) value);
            return false;
        }
        core.suspend(point, done, kind, a, b);
        mmu.store32(linear, (int) value);
        return core.look;
    }

    static boolean store8(Core core, Mmu mmu, long linear, long value, int point, int done, int kind, long a, long b) {
        long slot = mmu.writeSlot(linear);
        if (mmu.isHit(slot, linear + 7)) {
            VarHandle.releaseFence();
            HostMemory.putLong(mmu.host(slot, linear), value);
            return false;
        }
        core.suspend(point, done, kind, a, b);
        mmu.store64(linear, value);
        return core.look;
    }

    // ---- a read and a write that are one access

    /// The host address of `size` bytes of plain RAM that may be written, or 0.
    static long find(Core core, Mmu mmu, long linear, int size, int point, int done, int kind, long a, long b) {
        long slot = mmu.writeSlot(linear);
        if (mmu.isHit(slot, linear + size - 1)) {
            return mmu.host(slot, linear);
        }
        core.suspend(point, done, kind, a, b);
        return mmu.hostForAtomic(linear, size);
    }

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
