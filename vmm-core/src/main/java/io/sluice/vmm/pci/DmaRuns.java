package io.sluice.vmm.pci;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.bus.RamVisitor;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.memory.HostMemory;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A scatter-gather list: pieces of I/O virtual memory that a device names, and behind them, for as long as
/// [PciDma#access] lasts, runs of host memory. Reused by its owner, on its strand; allocates only to grow.
public final class DmaRuns {
    private long[] iovas;
    private int[] lengths;
    private int pieces;
    private long bytes;

    private long[] hosts;
    private int[] runLengths;
    private @Nullable GuestRam[] rams;
    private long[] offsets;
    private int runs;
    private int resolved;
    private final RamVisitor visitor = this::addRun;

    /// @param capacity pieces, and runs, that it starts with room for
    public DmaRuns(int capacity) {
        iovas = new long[capacity];
        lengths = new int[capacity];
        hosts = new long[capacity];
        runLengths = new int[capacity];
        rams = new @Nullable GuestRam[capacity];
        offsets = new long[capacity];
    }

    // ---- what is asked for

    /// Empties the list.
    public void clear() {
        pieces = 0;
        bytes = 0;
        runs = 0;
    }

    /// Adds a piece at the end; one that goes on where the last ended makes that longer.
    public void add(Iova at, int length) {
        long iova = at.bits();
        bytes += length;
        int last = pieces - 1;
        if (last >= 0 && iovas[last] + lengths[last] == iova && lengths[last] + length > 0) {
            lengths[last] += length;
            return;
        }
        if (pieces == iovas.length) {
            iovas = Arrays.copyOf(iovas, pieces * 2);
            lengths = Arrays.copyOf(lengths, pieces * 2);
        }
        iovas[pieces] = iova;
        lengths[pieces] = length;
        pieces++;
    }

    /// Makes this list name what `other` names.
    public void copyPieces(DmaRuns other) {
        clear();
        if (iovas.length < other.pieces) {
            iovas = new long[other.iovas.length];
            lengths = new int[other.iovas.length];
        }
        System.arraycopy(other.iovas, 0, iovas, 0, other.pieces);
        System.arraycopy(other.lengths, 0, lengths, 0, other.pieces);
        pieces = other.pieces;
        bytes = other.bytes;
    }

    public int pieces() {
        return pieces;
    }

    public Iova iova(int piece) {
        return new Iova(iovas[piece]);
    }

    public int pieceLength(int piece) {
        return lengths[piece];
    }

    /// Of all pieces together.
    public long bytes() {
        return bytes;
    }

    // ---- what is behind it

    /// Runs of host memory, in the order of the pieces; none unless [PciDma#access] is going on.
    public int runs() {
        return runs;
    }

    public long host(int run) {
        return hosts[run];
    }

    public int runLength(int run) {
        return runLengths[run];
    }

    /// Copies all of the memory to `host`, which has room for [#bytes].
    public void copyTo(long host) {
        long at = host;
        for (int i = 0; i < runs; i++) {
            HostMemory.copy(hosts[i], at, runLengths[i]);
            at += runLengths[i];
        }
    }

    /// Copies [#bytes] bytes from `host` into the memory.
    public void copyFrom(long host) {
        long at = host;
        for (int i = 0; i < runs; i++) {
            HostMemory.copy(at, hosts[i], runLengths[i]);
            at += runLengths[i];
        }
    }

    // ---- for those who stand in front of memory

    /// Begins to find out what is behind the pieces.
    public void startRuns() {
        runs = 0;
        resolved = 0;
    }

    /// Takes the runs behind the next piece.
    public RamVisitor visitor() {
        return visitor;
    }

    /// The next piece is memory wholly.
    public void pieceResolved() {
        resolved++;
    }

    /// The first piece that is not known to be memory wholly.
    public int resolved() {
        return resolved;
    }

    private void addRun(@Nullable GuestRam ram, long offset, long host, int length) {
        int last = runs - 1;
        if (last >= 0 && hosts[last] + runLengths[last] == host && rams[last] == ram && runLengths[last] + length > 0) {
            runLengths[last] += length;
            return;
        }
        if (runs == hosts.length) {
            hosts = Arrays.copyOf(hosts, runs * 2);
            runLengths = Arrays.copyOf(runLengths, runs * 2);
            rams = Arrays.copyOf(rams, runs * 2);
            offsets = Arrays.copyOf(offsets, runs * 2);
        }
        hosts[runs] = host;
        runLengths[runs] = length;
        rams[runs] = ram;
        offsets[runs] = offset;
        runs++;
    }

    /// One run for all pieces, which is no guest RAM.
    void bounce(long host) {
        startRuns();
        addRun(null, 0, host, Math.toIntExact(bytes));
    }

    /// All of the memory has been written: who runs code from it hears of that.
    public void tellWritten() {
        for (int i = 0; i < runs; i++) {
            var ram = rams[i];
            if (ram != null) {
                ram.watch().written(offsets[i], runLengths[i]);
            }
        }
    }

    /// What was found out is no longer good.
    public void endRuns() {
        Arrays.fill(rams, 0, runs, null);
        runs = 0;
    }
}
