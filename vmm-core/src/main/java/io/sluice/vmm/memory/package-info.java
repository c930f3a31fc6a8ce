/// Guest RAM: a memfd mapped into this process, reached through one accessor, with a watch on pages that hold
/// decoded code. Any thread may read and write RAM; only the owner closes it.
@NullMarked
package io.sluice.vmm.memory;

import org.jspecify.annotations.NullMarked;
