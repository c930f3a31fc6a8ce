package io.sluice.vmm.cpu.interp;

import org.jspecify.annotations.Nullable;

/// Makes hot code faster. On the vCPU's thread.
public interface Translator {
    /// Translates; null if the plan is too large.
    @Nullable
    Region translate(RegionPlan plan);
}
