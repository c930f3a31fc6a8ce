package io.sluice.vmm.qom;

import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.QmpException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tree, and how its paths are read: absolute ones from the root, others by how an object's path ends.
public final class ObjectTree {
    private final TreeObject root = TreeObject.container();

    public TreeObject root() {
        return root;
    }

    /// @throws QmpException DeviceNotFound if there is no such object, GenericError if there are several
    public TreeObject resolve(String path) {
        var found = path.startsWith("/") ? absolute(path) : partial(path);
        if (found == null) {
            throw notFound(path);
        }
        return found;
    }

    /// For a property's owner a path that leads to several leads nowhere.
    private TreeObject owner(String path) {
        var found = path.startsWith("/") ? absolute(path) : only(ends(path));
        if (found == null) {
            throw notFound(path);
        }
        return found;
    }

    private static QmpException notFound(String path) {
        return new QmpException(ErrorClass.DEVICE_NOT_FOUND, "Device '" + path + "' not found");
    }

    private @Nullable TreeObject absolute(String path) {
        TreeObject at = root;
        for (var part : path.split("/")) {
            if (!part.isEmpty() && at != null) {
                at = at.child(part);
            }
        }
        return at;
    }

    private @Nullable TreeObject partial(String path) {
        var ends = ends(path);
        if (path.isEmpty() || ends.size() > 1) {
            throw new QmpException("Path '" + path + "' is ambiguous");
        }
        return only(ends);
    }

    private List<TreeObject> ends(String path) {
        return root.descendants().stream()
                .filter(o -> o.path().endsWith("/" + path))
                .toList();
    }

    private static @Nullable TreeObject only(List<TreeObject> found) {
        return found.size() == 1 ? found.getFirst() : null;
    }

    /// The value of a property; an object's path for a child.
    ///
    /// @throws QmpException if there is none, or it cannot be read
    public Object get(String path, String property) {
        var object = owner(path);
        var child = object.child(property);
        if (child != null) {
            return child.path();
        }
        if (property.equals("type")) {
            return object.type();
        }
        var getter = find(object, property).getter();
        if (getter == null) {
            throw new QmpException("Property '" + object.type() + "." + property + "' is not readable");
        }
        return getter.get();
    }

    /// Sets a property.
    ///
    /// @throws QmpException if there is none, it cannot be set, or the value does not fit
    public void set(String path, String property, Object value) {
        var object = owner(path);
        if (property.equals("type") || object.child(property) != null) {
            throw new QmpException("Property '" + object.type() + "." + property + "' is not writable");
        }
        var setter = find(object, property).setter();
        if (setter == null) {
            throw new QmpException("Property '" + object.type() + "." + property + "' is not writable");
        }
        setter.accept(value);
    }

    private static TreeProperty find(TreeObject object, String property) {
        var found = object.property(property);
        if (found == null) {
            throw new QmpException("Property '" + object.type() + "." + property + "' not found");
        }
        return found;
    }
}
