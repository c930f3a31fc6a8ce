/// ENQCMD of a virtual machine, and what else a machine shares with vfio: the PASIDs that its process may use, the
/// directory that turns a guest's PASID into one of them, and the files that couple devices with the machine.
///
/// A machine never may more than its process: each entry of the directory is one of the process' own PASIDs, and an
/// entry that goes is out of force, with every command under way, before the call that takes it away returns. vCPUs
/// read without a lock.
@NullMarked
package io.sluice.vfio.enqcmd;

import org.jspecify.annotations.NullMarked;
