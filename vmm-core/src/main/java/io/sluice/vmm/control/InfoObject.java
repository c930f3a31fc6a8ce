package io.sluice.vmm.control;

import java.util.List;

/// An object of the composition tree, for `info qom-tree`.
///
/// @param name the last part of its path, without the slash
public record InfoObject(String name, String type, List<InfoObject> children) {
    public InfoObject {
        children = List.copyOf(children);
    }
}
