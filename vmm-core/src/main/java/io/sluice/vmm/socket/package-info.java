/// Where others reach this process: the files of UNIX sockets, and host and port as users write them. Knows no event
/// loop: who listens brings his own.
@NullMarked
package io.sluice.vmm.socket;

import org.jspecify.annotations.NullMarked;
