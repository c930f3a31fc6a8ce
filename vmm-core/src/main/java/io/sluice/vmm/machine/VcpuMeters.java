package io.sluice.vmm.machine;

import io.sluice.vmm.cpu.Vcpu;
import io.sluice.vmm.cpu.interp.InterpreterCounters;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterGroup;
import java.util.Map;
import java.util.function.LongSupplier;

/// The meters of one vCPU.
final class VcpuMeters {
    /// Vectors below are exceptions, so no interrupt has them.
    private static final int FIRST_CLASS = 2;

    private final MeterGroup group;
    private final Vcpu vcpu;
    private final String number;

    private VcpuMeters(MeterGroup group, Vcpu vcpu) {
        this.group = group;
        this.vcpu = vcpu;
        this.number = Integer.toString(vcpu.id());
    }

    static void hang(MeterGroup group, Vcpu vcpu) {
        var meters = new VcpuMeters(group, vcpu);
        meters.hangExits();
        meters.hangTraps();
        meters.hangInterpreter();
        meters.hangMmu();
    }

    private void count(String name, String description, LongSupplier value) {
        group.counter(name, Unit.NONE, description, Map.of("vcpu", number), value);
    }

    private void count(String name, String description, String key, String word, LongSupplier value) {
        group.counter(name, Unit.NONE, description, Map.of("vcpu", number, key, word), value);
    }

    private void exit(String kind, LongSupplier value) {
        count("sluice.vcpu.exits", "Times that guest code needed the machine around it", "kind", kind, value);
    }

    private void hangExits() {
        var counters = vcpu.counters();
        var mmu = vcpu.mmuCounters();
        exit("mmio_read", vcpu.memoryTraps()::reads);
        exit("mmio_write", vcpu.memoryTraps()::writes);
        exit("pio_in", vcpu.ioTraps()::reads);
        exit("pio_out", vcpu.ioTraps()::writes);
        exit("apic_read", mmu::localReads);
        exit("apic_write", mmu::localWrites);
        exit("burst", mmu::bursts);
        exit("enqueue_accepted", mmu::enqueuesAccepted);
        exit("enqueue_retry", mmu::enqueuesRetried);
        exit("hlt", counters::halts);
        exit("interrupt_window", counters::windows);
        exit("stop", counters::stops);
        exit("shutdown", counters::shutdowns);
    }

    private void trap(String space, String access, io.sluice.vmm.meter.LongHistogram time) {
        group.histogram(
                "sluice.vcpu.trap.time",
                Unit.SECONDS,
                "Time that the vCPU spent in one access to a device; one access in 17 is timed",
                Map.of("vcpu", number, "space", space, "access", access),
                time);
    }

    private void hangTraps() {
        trap("memory", "read", vcpu.memoryTraps().readTime());
        trap("memory", "write", vcpu.memoryTraps().writeTime());
        trap("port", "read", vcpu.ioTraps().readTime());
        trap("port", "write", vcpu.ioTraps().writeTime());
        group.histogram(
                "sluice.vcpu.posted.depth",
                Unit.NONE,
                "Tasks that waited for a device when a write was put behind them, itself included",
                Map.of("vcpu", number),
                vcpu.memoryTraps().posted());
    }

    private void hangInterpreter() {
        var counters = vcpu.counters();
        count("sluice.vcpu.instructions", "Guest instructions that were run", vcpu::instructions);
        count(
                "sluice.vcpu.instructions.translated",
                "Guest instructions of these that ran in translated code",
                counters::translatedInstructions);
        count("sluice.vcpu.regions", "Regions of hot code that were translated", counters::regionsBuilt);
        count("sluice.vcpu.lookups", "Looks around between two blocks", counters::lookUps);
        count("sluice.vcpu.blocks.built", "Blocks that were decoded", counters::blocksBuilt);
        count(
                "sluice.vcpu.blocks.overwritten",
                "Blocks that were dropped because their bytes were written to",
                counters::blocksOverwritten);
        count("sluice.vcpu.blocks.flushes", "Times that all decoded blocks were dropped", counters::cacheFlushes);
        for (int i = 0; i < InterpreterCounters.EXCEPTIONS; i++) {
            int vector = i;
            count(
                    "sluice.vcpu.exceptions",
                    "Exceptions that instructions raised",
                    "vector",
                    Integer.toString(vector),
                    () -> counters.exceptions(vector));
        }
        for (int i = FIRST_CLASS; i < InterpreterCounters.CLASSES; i++) {
            int priority = i;
            interrupt("0x" + Integer.toHexString(priority) + "0", () -> counters.interrupts(priority));
        }
        // A PIC that the guest has not moved away gives the vectors of exceptions.
        interrupt("legacy", () -> counters.interrupts(0) + counters.interrupts(1));
        interrupt("nmi", counters::nmis);
    }

    private void interrupt(String kind, LongSupplier value) {
        count(
                "sluice.vcpu.interrupts",
                "Interrupts that were delivered, by the first vector of their priority class",
                "class",
                kind,
                value);
    }

    private void miss(String access, LongSupplier value) {
        count("sluice.vcpu.tlb.misses", "Accesses that no cached translation served", "access", access, value);
    }

    private void flush(String scope, LongSupplier value) {
        count("sluice.vcpu.tlb.flushes", "Flushes of cached translations", "scope", scope, value);
    }

    private void hangMmu() {
        var mmu = vcpu.mmuCounters();
        miss("read", mmu::readMisses);
        miss("write", mmu::writeMisses);
        miss("fetch", mmu::fetchMisses);
        count("sluice.vcpu.page.walks", "Walks through the guest's page tables", mmu::walks);
        flush("context", mmu::contextFlushes);
        flush("page", mmu::pageFlushes);
        flush("map", mmu::remapFlushes);
    }
}
