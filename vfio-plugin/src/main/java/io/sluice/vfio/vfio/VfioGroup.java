package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuGroup;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The devices of one group as vfio shows them: reached by the group's file, or by files of their own, and never by
/// both. Any thread; its lock is inside that of a device set.
public final class VfioGroup {
    private final VfioHost host;
    private final int id;
    private final @Nullable IommuGroup real;
    private final List<VfioNode> members = new ArrayList<>();
    private @Nullable VfioGroupFile file;
    /// Devices that are bound by files of their own, or used in this process.
    private int blocks;

    VfioGroup(VfioHost host, int id, @Nullable IommuGroup real) {
        this.host = host;
        this.id = id;
        this.real = real;
    }

    public int id() {
        return id;
    }

    /// Its node.
    public String path() {
        return VfioHost.GROUPS + id;
    }

    VfioHost host() {
        return host;
    }

    /// Null for an emulated device's, which has no IOMMU behind it.
    @Nullable
    IommuGroup real() {
        return real;
    }

    public boolean isEmulated() {
        return real == null;
    }

    synchronized void add(VfioNode node) {
        members.add(node);
    }

    /// @return whether it was the last
    synchronized boolean remove(VfioNode node) {
        members.remove(node);
        return members.isEmpty();
    }

    synchronized List<VfioNode> members() {
        return List.copyOf(members);
    }

    @Nullable
    VfioNode find(String name) {
        for (var node : members()) {
            if (node.name().equals(name)) {
                return node;
            }
        }
        return null;
    }

    /// Opens the group's file.
    ///
    /// @throws HostException ENODEV if no device is left, EBUSY if it is open or a device is bound by its own file
    synchronized VfioGroupFile open() {
        if (members.isEmpty()) {
            throw new HostException(Errno.ENODEV, path());
        }
        if (file != null || blocks > 0) {
            throw new HostException(Errno.EBUSY, path());
        }
        file = new VfioGroupFile(this);
        return file;
    }

    synchronized void closed() {
        file = null;
    }

    /// A device is about to be bound by its own file: the group's cannot be opened until [#unblockFile].
    ///
    /// @throws HostException EBUSY if it is open
    synchronized void blockFile() {
        if (file != null) {
            throw new HostException(Errno.EBUSY, path() + " is open");
        }
        blocks++;
    }

    synchronized void unblockFile() {
        blocks--;
    }

    /// Whether somebody could own it: nobody does, and no host driver uses it.
    boolean isViable() {
        if (real == null) {
            return true;
        }
        try {
            real.claim(this);
            real.release(this);
            return true;
        } catch (HostException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "group " + id;
    }
}
