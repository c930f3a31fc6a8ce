package io.sluice.vfio.invariants;

import io.sluice.vfio.enqcmd.VmFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Devices.VGroup;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.invariants.Spaces.Mem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What processes have: open files, machines, PASIDs.
final class Files {
    private Files() {}

    /// An open file: how many refer to it.
    static class Doc {
        int refs = 1;
    }

    static final class MemDoc extends Doc {
        final Mem mem;

        MemDoc(Mem mem) {
            this.mem = mem;
        }
    }

    static final class DeviceDoc extends Doc {
        final Node node;
        final @Nullable GroupDoc group;
        boolean granted;

        DeviceDoc(Node node, @Nullable GroupDoc group) {
            this.node = node;
            this.group = group;
            this.granted = group != null;
        }
    }

    static final class GroupDoc extends Doc {
        final VGroup vgroup;
        int open;

        @Nullable
        Ctx container;

        GroupDoc(VGroup vgroup) {
            this.vgroup = vgroup;
        }
    }

    static final class Vm extends Doc {
        final Proc owner;
        final VmFile real;
        final TreeMap<Integer, Integer> entries = new TreeMap<>();

        Vm(Proc owner, VmFile real) {
            this.owner = owner;
            this.real = real;
        }
    }

    static final class Proc {
        final Process real;
        final TreeMap<Integer, Doc> files = new TreeMap<>();
        final Set<Integer> kept = new HashSet<>();
        final Map<Mem, Long> places = new IdentityHashMap<>();
        /// Which devices' attachments authorise which PASID.
        final Map<Integer, Set<Node>> grants = new TreeMap<>();
        final List<Vm> machines = new ArrayList<>();

        Proc(Process real) {
            this.real = real;
        }

        boolean mayUse(int pasid) {
            return grants.containsKey(pasid);
        }

        void revoke(int pasid, Node node) {
            var by = grants.get(pasid);
            if (by != null && by.remove(node) && by.isEmpty()) {
                grants.remove(pasid);
                machines.forEach(machine -> machine.entries.values().removeIf(host -> host == pasid));
            }
        }

        void revokeAll() {
            grants.clear();
            machines.forEach(machine -> machine.entries.clear());
        }
    }
}
