package io.sluice.vfio.enqcmd;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vfio.vfio.VfioFile;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// The coupling of one machine with vfio: the files whose devices are opened for it. A file has to be added before its
/// device is bound; a device that was bound before knows of no machine. Any thread.
final class VmVfioFile extends OpenFile {
    private static final RequestTable<VmVfioFile> REQUESTS = RequestTable.of("kvm-vfio", VmVfioFile.class)
            .on("KVM_SET_DEVICE_ATTR", VmRequests.SetDeviceAttr.class, VmVfioFile::set)
            .on(
                    "KVM_HAS_DEVICE_ATTR",
                    VmRequests.HasDeviceAttr.class,
                    (file, caller, request) -> file.has(request.group(), request.attribute()));

    private final VmFile machine;
    /// Each with whether its DMA was coherent when it came.
    private final Map<OpenFile, Boolean> files = new IdentityHashMap<>();

    VmVfioFile(VmFile machine) {
        this.machine = machine;
        machine.retain();
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {
        List<OpenFile> all;
        synchronized (this) {
            all = List.copyOf(files.keySet());
            files.forEach((file, coherent) -> machine.count(coherent, -1));
            files.clear();
        }
        for (var file : all) {
            uncouple(file);
        }
        machine.decoupled();
        machine.drop();
    }

    private static void uncouple(OpenFile file) {
        if (file instanceof VfioFile vfio) {
            vfio.couple(null);
        }
        file.drop();
    }

    private Nothing has(int group, int attribute) {
        if (group != VmRequests.GROUP_FILE || attribute != VmRequests.FILE_ADD && attribute != VmRequests.FILE_DEL) {
            throw refuse(Errno.ENXIO, "attribute " + group + "." + attribute);
        }
        return Nothing.DONE;
    }

    private Nothing set(Process caller, VmRequests.SetDeviceAttr request) {
        has(request.group(), request.attribute());
        var file = caller.hold(request.fd());
        boolean kept = false;
        try {
            if (request.attribute() == VmRequests.FILE_ADD) {
                add(file);
                kept = true;
            } else {
                remove(file);
            }
        } finally {
            if (!kept) {
                file.drop();
            }
        }
        return Nothing.DONE;
    }

    private synchronized void add(OpenFile file) {
        if (!(file instanceof VfioFile vfio)) {
            throw refuse(Errno.EINVAL, "not a file of vfio");
        }
        if (files.containsKey(file)) {
            throw refuse(Errno.EEXIST, "the file is there");
        }
        machine.steps().pass("enqcmd.file_add.entry");
        files.put(file, vfio.isCoherent());
        machine.count(vfio.isCoherent(), 1);
        vfio.couple(machine);
    }

    private void remove(OpenFile file) {
        synchronized (this) {
            var coherent = files.remove(file);
            if (coherent == null) {
                throw refuse(Errno.ENOENT, "the file is not there");
            }
            machine.count(coherent, -1);
        }
        uncouple(file);
    }
}
