/// Reference semantics: decoded blocks of micro-ops, run one by one (tier 0). Owned by the vCPU thread.
@NullMarked
package io.sluice.vmm.cpu.interp;

import org.jspecify.annotations.NullMarked;
