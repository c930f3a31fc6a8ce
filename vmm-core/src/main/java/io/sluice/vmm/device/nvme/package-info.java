/// An NVM Express controller (NVM Express Base 1.4) with one namespace, which a drive holds.
/// [io.sluice.vmm.device.nvme.Nvme]
/// is the function and its registers; queues, commands and what they move are behind it. Everything runs on the
/// function's strand and in bounded slices; what has to wait for the file goes to the drive's thread, which never sees
/// guest memory.
@NullMarked
package io.sluice.vmm.device.nvme;

import org.jspecify.annotations.NullMarked;
