package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The object tree: `qom-list`, `qom-get`, `qom-set`.
final class TreeCommands {
    private final Machine machine;

    TreeCommands(Machine machine) {
        this.machine = machine;
    }

    record PathArguments(
            @Member("Where in the tree; absolute, or the end of a path.")
            String path) {}

    record GetArguments(
            @Member("Where in the tree.") String path,
            @Member("Name of the property.") String property) {}

    record SetArguments(
            @Member("Where in the tree.") String path,
            @Member("Name of the property.") String property,
            @Member("Its new value.") Object value) {}

    /// What is told of a property; of a type's property also what it is if nobody sets it.
    record PropertyInfo(
            @Member("Its name.") String name,

            @Member("Its type; child<TYPE> for an object below.")
            String type,

            @Member("One line about it.") @Nullable String description,

            @Member("What it is if nobody sets it.") @Nullable
            Object defaultValue) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "qom-list",
                        PathArguments.class,
                        ListType.of(PropertyInfo.class),
                        "The properties of an object, and the objects below it.",
                        this::list),
                Command.of(
                        "qom-get",
                        GetArguments.class,
                        Object.class,
                        "The value of a property.",
                        arguments -> machine.tree().get(arguments.path, arguments.property)),
                Command.of(
                        "qom-set", SetArguments.class, Nothing.class, "Sets a property that can be set.", this::set));
    }

    private List<PropertyInfo> list(PathArguments arguments) {
        var object = machine.tree().resolve(arguments.path);
        var all = new ArrayList<PropertyInfo>();
        all.add(new PropertyInfo("type", "string", null, null));
        object.properties().forEach(p -> all.add(new PropertyInfo(p.name(), p.type(), null, null)));
        object.children().forEach(c -> all.add(new PropertyInfo(c.name(), "child<" + c.type() + ">", null, null)));
        return all;
    }

    private Nothing set(SetArguments arguments) {
        machine.tree().set(arguments.path, arguments.property, arguments.value);
        return Nothing.INSTANCE;
    }
}
