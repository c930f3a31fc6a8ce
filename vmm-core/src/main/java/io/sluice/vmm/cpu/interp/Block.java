package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A run of decoded instructions that starts at one physical address in one decoding mode and is left at its end.
final class Block {
    final long physical;
    /// Physical page of the bytes behind a page boundary, or -1: then the block is one instruction.
    final long secondPage;
    final int mode;
    final MicroOp[] ops;
    final int bytes;
    /// The last operation does not set `rip`: the block falls through.
    final boolean fallsThrough;

    @Nullable
    Block hashNext;

    @Nullable
    Block pageNext;

    boolean valid = true;
    /// What runs in its place, and its number there.
    @Nullable
    Region region;

    int entry;
    /// Its own offset there.
    int entryOffset;
    /// All that it was translated in.
    final List<Region> regions = new ArrayList<>(0);
    /// Where it led when it was interpreted last, from where it starts, if it does not fall through.
    int ledTo;
    /// How often it was interpreted; see [HotCode].
    int heat;
    /// How often a region was left where it starts because its first instruction misses the translation cache.
    int misses;
    /// How many instructions the vCPU had run when it began to be counted.
    long missesSince;
    /// The cache knows it, and hears of writes to its bytes.
    boolean cached;

    Block(long physical, long secondPage, int mode, MicroOp[] ops, int bytes) {
        this.physical = physical;
        this.secondPage = secondPage;
        this.mode = mode;
        this.ops = ops;
        this.bytes = bytes;
        this.fallsThrough = !ops[ops.length - 1].endsBlock();
    }

    /// One operation that stands for no code.
    static Block of(MicroOp op) {
        return new Block(-1, -1, 0, new MicroOp[] {op}, 0);
    }

    /// Of its first instruction, in its page.
    int offset() {
        return (int) physical & 0xFFF;
    }

    /// How often it has run, as far as that was counted.
    long runs() {
        return region == null || region.runs.length == 0 ? heat : region.runs[entry];
    }

    /// Its code, as it is now.
    void read(AddressSpace memory, byte[] into) {
        int inFirst = secondPage < 0 ? bytes : 0x1000 - offset();
        memory.dmaRead(physical, into, 0, inFirst);
        if (inFirst < bytes) {
            memory.dmaRead(secondPage, into, inFirst, bytes - inFirst);
        }
    }

    /// Its code was overwritten. If it is running, it is left before its next instruction.
    void invalidate() {
        valid = false;
        List.copyOf(regions).forEach(Region::retire);
        for (int i = 0; i < ops.length; i++) {
            ops[i] = new BlockExit.Op(ops[i]);
        }
    }
}
