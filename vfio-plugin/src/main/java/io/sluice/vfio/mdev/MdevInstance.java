package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.VfioCounters;
import io.sluice.vfio.vfio.VfioDevice;
import java.util.UUID;
import java.util.function.Consumer;

/// One mediated device on the bus.
public final class MdevInstance {
    private enum State {
        FREE,
        OPEN,
        /// Its removal was asked for while it was open.
        LEAVING,
        GONE
    }

    private final UUID uuid;
    private final MdevParent parent;
    private final MdevType type;
    private final MdevDevice device;
    private final VfioDevice vfio;
    private final MdevContext context;
    private final MdevTrace told;
    private State state = State.FREE;

    /// What an instance is made of: the driver's device, its vfio file, what it has of its host.
    record Made(MdevDevice device, VfioDevice vfio, MdevContext context) {}

    MdevInstance(UUID uuid, MdevParent parent, MdevType type, Made made, MdevTrace told) {
        this.told = told;
        this.uuid = uuid;
        this.parent = parent;
        this.type = type;
        this.device = made.device;
        this.vfio = made.vfio;
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

    /// Runs `question` on the device, inside its strand, and waits for it; its user is not asked.
    public void look(Consumer<VfioDevice> question) {
        vfio.strand().call(() -> question.accept(vfio));
    }

    /// What the instance has done so far; any thread may look.
    public VfioCounters counters() {
        return vfio.counters();
    }

    MdevParent parent() {
        return parent;
    }

    /// The name that the device has in sysfs.
    public String path() {
        return MdevBus.DEVICES + uuid;
    }

    /// Opens the vfio device, for one user at a time.
    ///
    /// @throws HostException EBUSY if it is open, ENODEV if it is going
    public VfioDevice open() {
        switch (state) {
            case FREE -> state = State.OPEN;
            case OPEN -> throw new HostException(Errno.EBUSY, path());
            case LEAVING, GONE -> throw new HostException(Errno.ENODEV, path());
        }
        told.opened();
        return vfio;
    }

    /// The user is done: interrupts are off and the device is reset. A removal that waited is done now.
    public void release() {
        if (state != State.OPEN && state != State.LEAVING) {
            throw new IllegalStateException(path() + " is not open");
        }
        vfio.strand().call(vfio::release);
        told.released();
        if (state == State.LEAVING) {
            finish();
        } else {
            state = State.FREE;
        }
    }

    /// @return whether it is gone now; if not, it goes when its user releases it
    boolean remove() {
        switch (state) {
            case FREE -> finish();
            case OPEN -> {
                state = State.LEAVING;
                told.removed(false);
                vfio.strand().call(vfio::request);
            }
            case LEAVING -> throw new HostException(Errno.EAGAIN, path());
            case GONE -> throw new HostException(Errno.ENODEV, path());
        }
        return state == State.GONE;
    }

    /// Whether a user has it.
    public boolean isOpen() {
        return state == State.OPEN || state == State.LEAVING;
    }

    /// Whether it was removed while somebody uses it.
    public boolean isLeaving() {
        return state == State.LEAVING;
    }

    private void finish() {
        state = State.GONE;
        device.close();
        context.freeMemory();
        parent.left(this);
        told.removed(true);
    }
}
