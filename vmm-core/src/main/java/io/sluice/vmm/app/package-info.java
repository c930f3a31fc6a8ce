/// The command line and the life of the process: the only `main`, the only place that touches standard streams and the
/// terminal. Runs on the main thread, which is also the console's thread: it waits for keys and for guest output.
@NullMarked
package io.sluice.vmm.app;

import org.jspecify.annotations.NullMarked;
