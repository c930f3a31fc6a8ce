/// The remote serial protocol of gdb: what a debugger outside says to the machine's [DebugPort], and the other way.
///
/// [GdbSession] is the protocol of one debugger, packet by packet, and knows no sockets; it runs on the thread that
/// owns
/// the machine. [GdbServer] listens and carries bytes on an event loop; [GdbLink] takes packets out of them and hands
/// them over one at a time. Whatever a client sends is answered or dropped: nothing here waits for it, and what it can
/// make us keep is bounded by [PacketReader#MOST].
@NullMarked
package io.sluice.vmm.gdb;

import org.jspecify.annotations.NullMarked;
