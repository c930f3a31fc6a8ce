package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.loop.Strand;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// The files of an mdev bus in sysfs, by their paths: what a shell script reads and writes. Any thread.
///
/// ```
/// /sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/{create,name,available_instances,device_api,description}
/// /sys/bus/mdev/devices/UUID/{remove,mdev_type}
/// ```
public final class MdevSysfs {
    /// Where parents are.
    public static final String PARENTS = "/sys/class/mdev_bus/";

    private static final String TYPES = "mdev_supported_types";

    private final MdevBus bus;
    private final Supplier<Strand> strands;

    /// @param strands gives each instance its serial place
    public MdevSysfs(MdevBus bus, Supplier<Strand> strands) {
        this.bus = bus;
        this.strands = strands;
    }

    private static HostException noFile(String path) {
        return new HostException(Errno.ENOENT, path);
    }

    private MdevBus.TypeInfo type(String path, String parent, String name) {
        return bus.types().stream()
                .filter(type -> type.parent().equals(parent) && type.name().equals(name))
                .findFirst()
                .orElseThrow(() -> noFile(path));
    }

    private MdevInstance instance(String path, String uuid) {
        var instance = bus.find(MdevBus.DEVICES + uuid);
        if (instance == null) {
            throw noFile(path);
        }
        return instance;
    }

    /// Reads a file, which ends with a line feed.
    ///
    /// @throws HostException ENOENT without such a file, EACCES for one that is only written
    public String read(String path) {
        if (path.startsWith(MdevBus.DEVICES)) {
            var parts = path.substring(MdevBus.DEVICES.length()).split("/", -1);
            var instance = instance(path, parts[0]);
            return switch (parts.length == 2 ? parts[1] : "") {
                case "mdev_type" -> PARENTS + instance.parentName() + "/" + TYPES + "/" + instance.typeName() + "\n";
                case "remove" -> throw new HostException(Errno.EACCES, path);
                default -> throw noFile(path);
            };
        }
        var parts = parts(path);
        var type = type(path, parts[0], parts[2]);
        return switch (parts[3]) {
            case "name" -> type.title() + "\n";
            case "available_instances" -> type.available() + "\n";
            case "device_api" -> type.deviceApi() + "\n";
            case "description" -> {
                if (type.description().isEmpty()) {
                    throw noFile(path);
                }
                yield type.description() + "\n";
            }
            case "create" -> throw new HostException(Errno.EACCES, path);
            default -> throw noFile(path);
        };
    }

    private static String[] parts(String path) {
        var parts = path.startsWith(PARENTS) ? path.substring(PARENTS.length()).split("/", -1) : new String[0];
        if (parts.length != 4 || !parts[1].equals(TYPES)) {
            throw noFile(path);
        }
        return parts;
    }

    /// Writes a file: a UUID to `create`, 1 to `remove`.
    ///
    /// @throws HostException ENOENT without such a file, EACCES for one that is only read, EINVAL for what is no UUID
    /// or
    ///     no number, and what [MdevBus#create] and [MdevBus#remove] say
    public void write(String path, String text) {
        if (path.startsWith(MdevBus.DEVICES)) {
            var parts = path.substring(MdevBus.DEVICES.length()).split("/", -1);
            var instance = instance(path, parts[0]);
            if (parts.length != 2 || !parts[1].equals("remove")) {
                throw parts.length == 2 && parts[1].equals("mdev_type")
                        ? new HostException(Errno.EACCES, path)
                        : noFile(path);
            }
            remove(path, instance.uuid(), text.strip());
            return;
        }
        var parts = parts(path);
        var type = type(path, parts[0], parts[2]);
        if (!parts[3].equals("create")) {
            throw List.of("name", "available_instances", "device_api", "description")
                            .contains(parts[3])
                    ? new HostException(Errno.EACCES, path)
                    : noFile(path);
        }
        bus.create(type.name(), text, strands);
    }

    /// 0 does nothing.
    private void remove(String path, UUID uuid, String text) {
        if (text.isEmpty() || text.length() > 9 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new HostException(Errno.EINVAL, path + " <- '" + text + "'");
        }
        if (Integer.parseInt(text) != 0) {
            bus.remove(uuid);
        }
    }
}
