/// `ring`: a device that many programs share without a system call between, as an RDMA card does it. Each client has a
/// doorbell page of its own, a ring of commands and a ring of completions in memory, and keys that say which memory its
/// commands may name. The sample of `docs/writing-an-mdev.md`; its registers and formats are in `docs/devices/ring.md`.
///
/// [RingDriver] makes devices. [RingDevice] has the regions: configuration space ([RingConfig]), the owner's page
/// ([RingReg], [Owner]) and the doorbell pages ([DoorbellReg]). [Engine] does the clients' commands ([Client],
/// [Command], [Opcode]) in bounded turns; [KeyTable] and [RingMemory] stand between it and memory. Everything runs on
/// the instance's strand. A turn allocates nothing; nothing here waits.
@NullMarked
package io.sluice.samples.ring;

import org.jspecify.annotations.NullMarked;
