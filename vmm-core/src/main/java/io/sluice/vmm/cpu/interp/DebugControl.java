package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.mmu.DataWatch;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugStop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where a debugger wants one vCPU to stop, and that it has. Owned by the vCPU's thread.
///
/// Nothing of it is guest state. Breakpoints are looked at only when a block is not found by its linear address, so
/// code that has none runs as ever; a block that reaches over one is run instruction by instruction, and what stands
/// for the instruction with the breakpoint is a block that stops.
final class DebugControl {
    private static final long[] NOWHERE = {};

    private final Core core;
    /// Runs in place of an instruction that has a breakpoint.
    private final Block breakpoint = Block.of(new BreakpointOp());

    private long[] addresses = NOWHERE;
    private List<DebugPoint.Code> codePoints = List.of();
    private List<DebugPoint.Data> dataPoints = List.of();
    private boolean watching;
    private boolean stepping;
    private @Nullable DebugStop stop;

    DebugControl(Core core) {
        this.core = core;
    }

    /// These points and no others. The caller drops the ways to blocks by linear address.
    void set(Collection<? extends DebugPoint> points) {
        var code = new ArrayList<DebugPoint.Code>();
        var data = new ArrayList<DebugPoint.Data>();
        for (var point : points) {
            switch (point) {
                case DebugPoint.Code c -> code.add(c);
                case DebugPoint.Data d -> data.add(d);
            }
        }
        codePoints = List.copyOf(code);
        dataPoints = List.copyOf(data);
        watching = !data.isEmpty();
        addresses = code.stream().mapToLong(c -> c.at().bits()).sorted().toArray();
    }

    // ---- code

    boolean isAt(long linear) {
        return addresses.length != 0 && Arrays.binarySearch(addresses, linear) >= 0;
    }

    /// Whether there is a breakpoint behind the first of `bytes` bytes from `linear` on.
    boolean isBehind(long linear, int bytes) {
        if (addresses.length == 0) {
            return false;
        }
        int found = Arrays.binarySearch(addresses, linear + 1);
        int next = found >= 0 ? found : -found - 1;
        return next < addresses.length && addresses[next] - linear < bytes;
    }

    /// What to run instead of the instruction at `linear`; null if it shall run. A single step starts with an
    /// instruction that shall run, whatever is set there.
    @Nullable
    Block inPlaceOf(long linear) {
        return isAt(linear) && !stepping ? breakpoint : null;
    }

    /// Leaves its block before anything has happened.
    private final class BreakpointOp extends MicroOp {
        @Override
        public void run(Core core) {
            reach();
            throw BlockExit.INSTANCE;
        }

        @Override
        public boolean endsBlock() {
            return true;
        }
    }

    /// The instruction at `rip` has a breakpoint and was not run.
    void reach() {
        long linear = core.linearIp();
        for (var point : codePoints) {
            if (point.at().bits() == linear) {
                stop(new DebugStop.AtCode(point));
                return;
            }
        }
        throw new IllegalStateException("stopped at 0x" + Long.toHexString(linear) + " without a breakpoint");
    }

    // ---- data

    boolean watches() {
        return watching;
    }

    void addRanges(List<DataWatch.Range> ranges) {
        for (var point : dataPoints) {
            ranges.add(new DataWatch.Range(
                    point.first().bits(),
                    point.last().bits(),
                    point.access().reads(),
                    point.access().writes(),
                    linear -> touch(point, linear)));
        }
    }

    /// The first access of an instruction counts.
    private void touch(DebugPoint.Data point, long linear) {
        if (stop == null) {
            stop(new DebugStop.OnData(point, new Gva(linear)));
        }
    }

    /// The instruction that touched data faulted: it has not happened.
    void forget() {
        stop = null;
    }

    // ---- stopping

    boolean isStepping() {
        return stepping;
    }

    void setStepping(boolean steps) {
        stepping = steps;
    }

    private void stop(DebugStop why) {
        stop = why;
        core.look = true;
    }

    boolean hasStopped() {
        return stop != null;
    }

    /// Why the vCPU stopped, once; [DebugStop.Stepped] if it was not at a point.
    DebugStop takeStop() {
        var why = stop;
        stop = null;
        return why == null ? new DebugStop.Stepped() : why;
    }
}
