/// What a machine can tell of itself while it runs: the items of `-d`, each on or off at any time, and the program's
/// own
/// messages. Every room may ask [Trace#on] and hand over a line; where lines go is decided above. Any thread may call;
/// nothing here blocks or throws.
@NullMarked
package io.sluice.vmm.trace;

import org.jspecify.annotations.NullMarked;
