package io.sluice.vmm.qom;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One object of the tree: a type, properties, children by name.
public final class TreeObject {
    /// The type of an object that only holds others.
    public static final String CONTAINER = "container";

    private final String type;
    private final Map<String, TreeProperty> properties = new LinkedHashMap<>();
    private final Map<String, TreeObject> children = new LinkedHashMap<>();
    private @Nullable TreeObject parent;
    private String name = "";

    public TreeObject(String type, List<TreeProperty> properties) {
        this.type = type;
        properties.forEach(p -> this.properties.put(p.name(), p));
    }

    public static TreeObject container() {
        return new TreeObject(CONTAINER, List.of());
    }

    public String type() {
        return type;
    }

    /// The last part of its path; empty for the root.
    public String name() {
        return name;
    }

    /// Where it is: `/machine/peripheral/ID`.
    public String path() {
        if (parent == null) {
            return "/";
        }
        var above = parent.path();
        return above.equals("/") ? above + name : above + "/" + name;
    }

    /// The properties of its own, children apart.
    public List<TreeProperty> properties() {
        return List.copyOf(properties.values());
    }

    public List<TreeObject> children() {
        return List.copyOf(children.values());
    }

    public @Nullable TreeProperty property(String wanted) {
        return properties.get(wanted);
    }

    public @Nullable TreeObject child(String wanted) {
        return children.get(wanted);
    }

    /// Puts `child` below this object and returns it.
    ///
    /// @throws IllegalStateException if there is one of that name, or it sits elsewhere
    public TreeObject add(String childName, TreeObject child) {
        if (child.parent != null || properties.containsKey(childName) || children.containsKey(childName)) {
            throw new IllegalStateException(path() + " has no place for a second '" + childName + "'");
        }
        child.parent = this;
        child.name = childName;
        children.put(childName, child);
        return child;
    }

    /// Puts `child` below this object as `PREFIX[N]`, with the first number that is free.
    public TreeObject addNumbered(String prefix, TreeObject child) {
        int number = 0;
        while (children.containsKey(prefix + "[" + number + "]")) {
            number++;
        }
        return add(prefix + "[" + number + "]", child);
    }

    /// Takes the object off the tree.
    public void remove() {
        if (parent != null) {
            parent.children.remove(name);
            parent = null;
        }
    }

    /// All objects below this one, each before its children.
    List<TreeObject> descendants() {
        var all = new ArrayList<TreeObject>();
        for (var child : children.values()) {
            all.add(child);
            all.addAll(child.descendants());
        }
        return all;
    }
}
