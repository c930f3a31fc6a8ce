/// The processes of the simulated host: open files, memory, limits, and the table of requests that each kind of file
/// answers.
@NullMarked
package io.sluice.vfio.host.process;

import org.jspecify.annotations.NullMarked;
