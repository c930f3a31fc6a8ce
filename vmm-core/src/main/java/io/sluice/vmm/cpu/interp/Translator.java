package io.sluice.vmm.cpu.interp;

import org.jspecify.annotations.Nullable;

/// Makes hot code faster. On the vCPU's thread.
public interface Translator {
    /// Translates; null if that cannot be done. The same plan is not asked for again then.
    @Nullable
    Region translate(RegionPlan plan);
}
