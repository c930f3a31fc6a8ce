package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// A stack frame that is written whole or not at all: values are gathered, then stored at the level they are for.
/// Once [#store] is done nothing can fail any more.
final class Frame {
    private static final int MOST = 40;

    private final Core core;
    private final @Nullable InnerStack inner;
    private final int size;
    private final int level;
    private final long[] values = new long[MOST];
    private int count;
    private long pointer;

    /// A frame on the running stack (`inner` is null) or on an inner one, in units of `size` bytes, that privilege
    /// level `level` is going to use.
    Frame(Core core, @Nullable InnerStack inner, int size, int level) {
        this.core = core;
        this.inner = inner;
        this.size = size;
        this.level = level;
        if (inner != null) {
            pointer = inner.pointer();
        } else {
            // A handler in long mode takes all of RSP, even from compatibility mode.
            pointer = core.state.inLongMode() ? core.gpr[4] : core.stackPointer();
        }
    }

    void push(long value) {
        values[count++] = value;
    }

    /// Aligns the stack to 16 bytes first: long mode interrupts.
    void align() {
        pointer &= ~15L;
    }

    /// Writes the values; faults before the first byte if one of them cannot be written.
    void store() {
        long bottom = offset(count);
        for (int i = 0; i < count; i++) {
            core.mmu.checkStoreAs(level, linear(offset(i + 1)), size);
        }
        if (inner != null) {
            inner.markAccessed(core);
        }
        for (int i = 0; i < count; i++) {
            core.mmu.storeAs(level, linear(offset(i + 1)), size, values[i]);
        }
        pointer = bottom;
    }

    /// Takes the inner stack segment, if there is one, and the stack pointer. After this the frame is in force.
    void commit() {
        if (inner != null) {
            inner.loadSegment(core);
            core.updateMode();
        }
        core.setStackPointer(pointer);
    }

    /// The stack pointer below what was stored.
    long bottom() {
        return pointer;
    }

    private long offset(int pushes) {
        long offset = pointer - (long) pushes * size;
        if (core.state.inLongMode()) {
            return offset;
        }
        boolean wide = inner != null ? Descriptors.isBig(inner.descriptor()) : core.stackSize == 4;
        return wide ? offset & 0xFFFF_FFFFL : offset & 0xFFFF;
    }

    private long linear(long offset) {
        if (core.state.inLongMode()) {
            if (offset >> 47 != offset >> 63) {
                throw GuestFault.ss0();
            }
            return offset;
        }
        if (inner != null) {
            checkInner(inner, offset);
            return Descriptors.base(inner.descriptor()) + offset & 0xFFFF_FFFFL;
        }
        return core.linear(2, offset, size, true);
    }

    private void checkInner(InnerStack stack, long offset) {
        long limit = Descriptors.limit(stack.descriptor());
        long last = offset + size - 1;
        boolean expandDown = (Descriptors.type(stack.descriptor()) & 4) != 0;
        boolean fits = expandDown
                ? offset > limit && last <= (Descriptors.isBig(stack.descriptor()) ? 0xFFFF_FFFFL : 0xFFFF)
                : last <= limit;
        if (!fits) {
            throw new GuestFault(GuestFault.SS, stack.selector() & 0xFFFC);
        }
    }
}
