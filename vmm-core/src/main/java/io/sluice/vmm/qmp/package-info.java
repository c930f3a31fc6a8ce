/// The control protocol, as QEMU speaks it: sockets, sessions, the JSON dialect, negotiation, events, introspection.
/// Knows no machine: commands come in a [io.sluice.vmm.qapi.CommandTable], the machine's thread is an executor.
///
/// [QmpServer] is the way in. Everything of it runs on one event loop of Vert.x and has no locks; commands that need
/// the
/// machine run on its thread and their replies come back to the loop in order. What a client sends is hostile: sizes,
/// depths and queues are bounded, and a client that does not read is left behind, never waited for.
@NullMarked
package io.sluice.vmm.qmp;

import org.jspecify.annotations.NullMarked;
