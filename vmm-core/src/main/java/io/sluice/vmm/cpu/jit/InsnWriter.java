package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.RegionPlan;
import java.lang.classfile.CodeBuilder;

/// Writes the instructions of one kind.
abstract class InsnWriter {
    final RegionWriter region;
    final Emitter emit;
    final Conditions conditions;
    final CodeBuilder code;

    InsnWriter(RegionWriter region, Emitter emit, Conditions conditions) {
        this.region = region;
        this.emit = emit;
        this.conditions = conditions;
        this.code = emit.code;
    }

    /// @return `false` if it does not know the instruction; it has not written anything then
    abstract boolean write(RegionPlan.Step step);
}
