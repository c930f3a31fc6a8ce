package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.ENOENT;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The objects of a context by id, from 1 on. An id is reserved before its object is built, and names it only when
/// nothing can fail any more. Guarded by the context's lock.
final class ObjectTable {
    private static final Object RESERVED = new Object();
    private static final Object TOMBSTONE = new Object();

    private final Steps steps;
    /// By id - 1: an object, [#RESERVED], [#TOMBSTONE], or null.
    private @Nullable Object[] slots = new @Nullable Object[8];
    /// No id below is free.
    private int lowestFree;

    private int objects;

    ObjectTable(Steps steps) {
        this.steps = steps;
    }

    /// Takes the lowest free id.
    int reserve() {
        steps.pass("iommufd.object.id");
        int slot = lowestFree;
        while (slot < slots.length && slots[slot] != null) {
            slot++;
        }
        if (slot == slots.length) {
            slots = Arrays.copyOf(slots, 2 * slot);
        }
        slots[slot] = RESERVED;
        lowestFree = slot + 1;
        return slot + 1;
    }

    /// Nothing came of it.
    void abandon(int id) {
        free(id);
    }

    private void free(int id) {
        slots[id - 1] = null;
        lowestFree = Math.min(lowestFree, id - 1);
    }

    void publish(int id, IommuObject object) {
        if (!RESERVED.equals(slots[id - 1])) {
            throw new IllegalStateException("id " + id + " was not reserved");
        }
        object.id = id;
        slots[id - 1] = object;
        objects++;
    }

    /// Whether there is any.
    boolean isEmpty() {
        return objects == 0;
    }

    int size() {
        return objects;
    }

    @Nullable
    IommuObject find(int id) {
        return id > 0 && id <= slots.length && slots[id - 1] instanceof IommuObject object ? object : null;
    }

    /// @throws HostException ENOENT if there is no such object, or it is of another kind
    <T extends IommuObject> T get(int id, Class<T> kind) {
        return get(id, kind, ENOENT);
    }

    /// @param wrongKind why an object of another kind is refused
    <T extends IommuObject> T get(int id, Class<T> kind, Errno wrongKind) {
        var object = find(id);
        if (object == null) {
            throw new HostException(ENOENT, "object " + id);
        }
        if (!kind.isInstance(object)) {
            throw new HostException(wrongKind, "object " + id + " is " + object);
        }
        return kind.cast(object);
    }

    /// Does something with each object of a kind, by id.
    <T extends IommuObject> void each(Class<T> kind, Consumer<T> action) {
        for (var slot : slots.clone()) {
            if (kind.isInstance(slot)) {
                action.accept(kind.cast(slot));
            }
        }
    }

    // ---- removal

    /// @throws HostException ENOENT without such an object, EBUSY if it is in use
    void destroy(int id) {
        var object = get(id, IommuObject.class);
        if (object.users != 1 || object.visits != 0) {
            throw new HostException(EBUSY, object + " is in use");
        }
        remove(object);
    }

    /// Takes an object out that nothing uses.
    void remove(IommuObject object) {
        if (object.users != 1) {
            throw new IllegalStateException(object + " has " + object.users + " users");
        }
        free(object.id);
        objects--;
        object.gone = true;
        object.destroyed();
    }

    /// Takes an object out, whose id names nothing from now on.
    void bury(IommuObject object) {
        remove(object);
        slots[object.id - 1] = TOMBSTONE;
    }

    /// Destroys all, those first that others refer to by nothing.
    void close() {
        while (objects > 0) {
            int before = objects;
            for (var slot : slots) {
                if (slot instanceof IommuObject object && object.users == 1) {
                    remove(object);
                }
            }
            if (objects == before) {
                throw new IllegalStateException("objects that only refer to one another: " + Arrays.toString(slots));
            }
        }
        Arrays.fill(slots, null);
    }
}
