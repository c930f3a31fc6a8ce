/// Files of the host that guests see as disks: [io.sluice.vmm.disk.DiskFile] knows the system calls,
/// [io.sluice.vmm.disk.Drive] is one `-drive` with its thread, [io.sluice.vmm.disk.Drives] has them by name. What can
/// be
/// done without waiting is done on the caller's thread; the rest is for the drive's own. Knows no device and no guest.
@NullMarked
package io.sluice.vmm.disk;

import org.jspecify.annotations.NullMarked;
