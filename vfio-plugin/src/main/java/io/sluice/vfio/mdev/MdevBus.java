package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.trace.Trace;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The mdev bus of one simulated host. Its instances are devices of the host's vfio, and bind to nothing else. Any
/// thread.
///
/// The paths of sysfs are names here, which [MdevSysfs] reads and writes.
public final class MdevBus {
    /// Where an instance is named by its UUID.
    public static final String DEVICES = "/sys/bus/mdev/devices/";

    private static final int UUID_LENGTH = 36;
    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

    private final VfioHost host;
    private volatile Trace trace = Trace.none();

    private record Offer(MdevParent parent, MdevType type) {}

    private final Map<String, MdevParent> parents = new LinkedHashMap<>();
    private final Map<String, Offer> offers = new TreeMap<>();
    private final Map<UUID, MdevInstance> instances = new LinkedHashMap<>();
    /// Names that are being made.
    private final Set<UUID> reserved = new HashSet<>();

    private volatile Listener listener = Listener.NOBODY;

    /// A bus of a host that has nothing else.
    public MdevBus() {
        this(new VfioHost(new Kernel(new Steps(), Trace.none()), new IommufdBinder()));
    }

    public MdevBus(VfioHost host) {
        this.host = host;
    }

    /// The vfio that has the instances.
    public VfioHost host() {
        return host;
    }

    /// Who is told when instances come and go; on the thread that changes the bus.
    public interface Listener {
        void added(MdevInstance instance);

        void removed(MdevInstance instance);

        Listener NOBODY = new Listener() {
            @Override
            public void added(MdevInstance instance) {}

            @Override
            public void removed(MdevInstance instance) {}
        };
    }

    /// One line of `mdev_supported_types`.
    public record TypeInfo(
            String name,
            String parent,
            String title,
            String description,
            String deviceApi,
            int available,
            List<UUID> devices) {}

    /// Makes a driver a parent.
    ///
    /// @throws HostException EEXIST if one of its name is there, EINVAL if it offers no type or a type without an API
    public synchronized void register(MdevDriver driver) {
        if (parents.containsKey(driver.name())) {
            throw new HostException(Errno.EEXIST, driver.name());
        }
        if (driver.types().isEmpty()
                || driver.types().stream().anyMatch(t -> t.deviceApi().isEmpty())) {
            throw new HostException(Errno.EINVAL, driver.name());
        }
        host.kernel().steps().pass("mdev.register.parent");
        var parent = new MdevParent(this, driver);
        for (var type : driver.types()) {
            offers.put(parent.typeName(type), new Offer(parent, type));
        }
        parents.put(driver.name(), parent);
    }

    /// Takes a parent away: no new instances, those that are there are removed, then its types.
    ///
    /// @throws HostException ENODEV if there is none
    public void unregister(String driver) {
        MdevParent parent;
        synchronized (this) {
            parent = parents.remove(driver);
        }
        if (parent == null) {
            throw new HostException(Errno.ENODEV, driver);
        }
        parent.leave();
        synchronized (this) {
            offers.values().removeIf(o -> o.parent == parent);
        }
    }

    /// The names of the parents.
    public synchronized List<String> parents() {
        return List.copyOf(parents.keySet());
    }

    /// Says who is told when instances come and go.
    public void onChange(Listener told) {
        listener = told;
    }

    /// Instances that are made from now on tell of themselves there.
    public void trace(Trace log) {
        trace = log;
    }

    /// All types of all parents, by name.
    public synchronized List<TypeInfo> types() {
        return offers.entrySet().stream()
                .map(e -> new TypeInfo(
                        e.getKey(),
                        e.getValue().parent.driver().name(),
                        e.getValue().type.title(),
                        e.getValue().type.description(),
                        e.getValue().type.deviceApi(),
                        e.getValue().parent.available(e.getValue().type),
                        e.getValue().parent.instances(e.getValue().type).stream()
                                .map(MdevInstance::uuid)
                                .toList()))
                .toList();
    }

    /// Writes `uuid` to the file `create` of a type.
    ///
    /// @param strand gives the instance its serial place; asked only if the request is well-formed
    /// @throws HostException EINVAL for a malformed UUID, ENODEV for an unknown type or a parent that goes, EEXIST for
    ///     a UUID in use, EUSERS or ENOSPC if there can be no more
    public MdevInstance create(String typeName, String uuid, Supplier<Strand> strand) {
        Offer offer;
        UUID id;
        synchronized (this) {
            offer = offers.get(typeName);
            if (offer == null) {
                throw new HostException(Errno.ENODEV, typeName);
            }
            id = parse(uuid);
            if (instances.containsKey(id) || !reserved.add(id)) {
                throw new HostException(Errno.EEXIST, DEVICES + id);
            }
        }
        try {
            var instance = offer.parent.create(offer.type, id, strand, trace);
            synchronized (this) {
                instances.put(id, instance);
            }
            listener.added(instance);
            return instance;
        } finally {
            synchronized (this) {
                reserved.remove(id);
            }
        }
    }

    private static UUID parse(String text) {
        boolean line = text.length() == UUID_LENGTH + 1 && text.endsWith("\n");
        var bare = line ? text.substring(0, UUID_LENGTH) : text;
        if (!UUID_TEXT.matcher(bare).matches()) {
            throw new HostException(Errno.EINVAL, "'" + bare + "' is not a UUID");
        }
        return UUID.fromString(bare);
    }

    public synchronized @Nullable MdevInstance find(UUID uuid) {
        return instances.get(uuid);
    }

    /// The instance that a path below [#DEVICES] names.
    public @Nullable MdevInstance find(String path) {
        var end = path.endsWith("/") ? path.length() - 1 : path.length();
        if (!path.startsWith(DEVICES) || end < DEVICES.length()) {
            return null;
        }
        var text = path.substring(DEVICES.length(), end);
        return UUID_TEXT.matcher(text).matches() ? find(UUID.fromString(text)) : null;
    }

    public synchronized List<MdevInstance> instances() {
        return List.copyOf(instances.values());
    }

    /// Writes 1 to the file `remove` of an instance. Does not wait for its user.
    ///
    /// @return whether it is gone; if not, its user was asked for it and it goes when released
    /// @throws HostException ENODEV if there is none, EAGAIN if it is going already
    public boolean remove(UUID uuid) {
        var instance = find(uuid);
        if (instance == null) {
            throw new HostException(Errno.ENODEV, DEVICES + uuid);
        }
        return instance.remove();
    }

    void left(MdevInstance instance) {
        synchronized (this) {
            instances.remove(instance.uuid());
        }
        listener.removed(instance);
    }
}
