package io.sluice.vfio.enqcmd;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vmm.address.Pasid;

/// A virtual machine, as its process has it. Lasts until its devices are closed too. Any thread.
///
/// It is coupled with vfio by files, and by nothing else: it never learns of PASIDs of devices, of page tables or of
/// mappings, and vfio never asks it for memory.
public final class VmFile extends OpenFile {
    private static final RequestTable<VmFile> REQUESTS = RequestTable.of("kvm-vm", VmFile.class)
            .on("KVM_CREATE_DEVICE", VmRequests.CreateDevice.class, VmFile::createDevice)
            .on("KVM_MAP_PASID", VmRequests.MapPasid.class, VmFile::map)
            .on("KVM_UNMAP_PASID", VmRequests.UnmapPasid.class, VmFile::unmap);

    private final Process owner;
    private final VmPasids pasids;
    private boolean coupled;
    private int incoherent;

    /// @param owner whose machine it is; nobody else makes requests of it
    public VmFile(Process owner) {
        this.owner = owner;
        this.pasids = new VmPasids(owner);
    }

    /// Its PASIDs, for its vCPUs.
    public VmPasids pasids() {
        return pasids;
    }

    Steps steps() {
        return owner.kernel().steps();
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {
        pasids.close();
    }

    private void requireOwner(Process caller) {
        if (caller != owner) {
            throw refuse(Errno.EIO, "the machine is another process'");
        }
    }

    private Integer createDevice(Process caller, VmRequests.CreateDevice request) {
        requireOwner(caller);
        if (request.type() != VmRequests.DEVICE_TYPE_VFIO) {
            throw refuse(Errno.ENODEV, "device type " + request.type());
        }
        synchronized (this) {
            if (coupled) {
                throw refuse(Errno.EBUSY, "the machine is coupled with vfio");
            }
            steps().pass("enqcmd.create_device.file");
            coupled = true;
        }
        var file = new VmVfioFile(this);
        try {
            return caller.install(file);
        } catch (HostException e) {
            file.drop();
            throw e;
        }
    }

    synchronized void decoupled() {
        coupled = false;
    }

    synchronized void count(boolean coherent, int by) {
        incoherent += coherent ? 0 : by;
    }

    /// Whether a device's DMA may pass the caches, so that the guest's cache attributes have to be honoured.
    public synchronized boolean hasIncoherentDma() {
        return incoherent > 0;
    }

    private Nothing map(Process caller, VmRequests.MapPasid request) {
        requireOwner(caller);
        if (request.host() < 0 || request.host() >= 1 << Pasid.BITS) {
            throw refuse(Errno.EINVAL, "PASID " + request.host());
        }
        pasids.map(request.guest(), new Pasid(request.host()));
        return Nothing.DONE;
    }

    private Nothing unmap(Process caller, VmRequests.UnmapPasid request) {
        requireOwner(caller);
        pasids.unmap(request.guest());
        return Nothing.DONE;
    }
}
