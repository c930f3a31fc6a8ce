/// What a script can ask of a machine: the commands of the control socket, group by group, on the thread that owns the
/// machine. How they come over the wire is with the room qmp.
@NullMarked
package io.sluice.vmm.control;

import org.jspecify.annotations.NullMarked;
