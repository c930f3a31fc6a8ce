package io.sluice.vmm.bus;

import io.sluice.vmm.loop.Strand;

/// How a transaction enters a device: at once if the strand is idle (nothing is allocated), else through its queue.
final class Transactions {
    /// Posted writes that may wait for one device.
    private static final int MOST_POSTED = 4096;

    private Transactions() {}

    /// Non-posted: waits for the completion.
    static long read(Mapping.Device target, long address, int size) {
        long offset = target.offset() + (address - target.first());
        if (target.device() instanceof BusBridge bridge) {
            return bridge.read(offset, size);
        }
        var strand = target.strand();
        if (strand.tryEnter()) {
            try {
                return target.device().read(offset, size);
            } finally {
                strand.exit();
            }
        }
        var result = new long[1];
        strand.call(() -> result[0] = target.device().read(offset, size));
        return result[0];
    }

    /// Posted: in order, and does not wait.
    static void write(Mapping.Device target, long address, int size, long value) {
        long offset = target.offset() + (address - target.first());
        if (target.device() instanceof BusBridge bridge) {
            bridge.write(offset, size, value);
            return;
        }
        var strand = target.strand();
        if ((!target.deferred() || !target.device().startsWork(offset)) && strand.tryEnter()) {
            try {
                target.device().write(offset, size, value);
            } finally {
                strand.exit();
            }
        } else {
            queue(strand, () -> target.device().write(offset, size, value));
        }
    }

    /// Puts a posted write behind those that wait. A requester that writes faster than the device takes it waits for
    /// the device now and then: what a link's flow-control credits do, and the bound on memory here.
    private static void queue(Strand strand, Runnable write) {
        if (!strand.tryDefer(write, MOST_POSTED)) {
            strand.call(write);
        }
    }

    static void writeBurst(Mapping.Device target, long address, long[] data) {
        long offset = target.offset() + (address - target.first());
        if (target.device() instanceof BusBridge bridge) {
            bridge.writeBurst(offset, data);
            return;
        }
        var copy = data.clone();
        if (target.deferred()) {
            queue(target.strand(), () -> target.device().writeBurst(offset, copy));
        } else {
            target.strand().post(() -> target.device().writeBurst(offset, copy));
        }
    }

    /// Non-posted: waits for accepted or Retry.
    static boolean deferrableWrite(Mapping.Device target, long address, long[] data) {
        long offset = target.offset() + (address - target.first());
        if (target.device() instanceof BusBridge bridge) {
            return bridge.deferrableWrite(offset, data);
        }
        var accepted = new boolean[1];
        target.strand().call(() -> accepted[0] = target.device().deferrableWrite(offset, data));
        return accepted[0];
    }
}
