/// What a command and an event of the control socket are, and the types of their arguments and results. A type is a
/// Java record: its schema, its decoding with QEMU's error texts and its encoding all come from the record itself.
/// Knows no socket and no machine; immutable, any thread.
@NullMarked
package io.sluice.vmm.qapi;

import org.jspecify.annotations.NullMarked;
