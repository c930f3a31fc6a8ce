package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.VfioCounters;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioNode;
import java.util.UUID;
import java.util.function.Consumer;

/// One mediated device on the bus: a device of vfio, as any other. Any thread.
public final class MdevInstance {
    private final UUID uuid;
    private final MdevParent parent;
    private final MdevType type;
    private final MdevDevice device;
    private final VfioNode node;
    private final MdevContext context;
    private final MdevTrace told;
    private volatile boolean gone;

    /// What an instance is made of: the driver's device, what vfio has of it, what it has of its host.
    record Made(MdevDevice device, VfioNode node, MdevContext context) {}

    MdevInstance(UUID uuid, MdevParent parent, MdevType type, Made made, MdevTrace told) {
        this.told = told;
        this.uuid = uuid;
        this.parent = parent;
        this.type = type;
        this.device = made.device;
        this.node = made.node;
        this.context = made.context;
    }

    public UUID uuid() {
        return uuid;
    }

    public MdevType type() {
        return type;
    }

    /// As it stands in `mdev_supported_types`.
    public String typeName() {
        return parent.typeName(type);
    }

    public String parentName() {
        return parent.driver().name();
    }

    /// The device as vfio has it, with its files below `/dev/vfio`.
    public VfioNode node() {
        return node;
    }

    /// Runs `question` on the device, inside its strand, and waits for it; its user is not asked.
    public void look(Consumer<VfioDevice> question) {
        node.strand().call(() -> question.accept(node.device()));
    }

    /// What the instance has done so far; any thread may look.
    public VfioCounters counters() {
        return node.device().counters();
    }

    MdevParent parent() {
        return parent;
    }

    /// The name that the device has in sysfs.
    public String path() {
        return MdevBus.DEVICES + uuid;
    }

    /// Opens the vfio device without a file, for a machine in this process; for one user at a time. It reaches no
    /// memory.
    ///
    /// @throws HostException EBUSY if it is open, ENODEV if it is going
    public VfioDevice open() {
        return node.openDirectly();
    }

    /// The user of [#open] is done: interrupts are off and the device is reset. A removal that waited is done now.
    public void release() {
        if (!node.isInUse()) {
            throw new IllegalStateException(path() + " is not open");
        }
        node.closeDirectly();
    }

    /// @return whether it is gone now; if not, it goes when its user releases it
    boolean remove() {
        if (gone) {
            throw new HostException(Errno.ENODEV, path());
        }
        if (node.isInUse()) {
            told.removed(false);
        }
        node.unregister(this::finish);
        return gone;
    }

    /// Whether a user has it.
    public boolean isOpen() {
        return node.isInUse();
    }

    /// Whether it was removed while somebody uses it.
    public boolean isLeaving() {
        return !gone && node.isGoing();
    }

    private void finish() {
        gone = true;
        parent.left(this, device::close);
        context.freeMemory();
        told.removed(true);
    }
}
