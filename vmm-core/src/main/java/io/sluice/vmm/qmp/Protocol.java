package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.Release;
import io.sluice.vmm.qapi.Union;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The protocol's own commands.
final class Protocol {
    static final String NEGOTIATE = "qmp_capabilities";

    /// The level of QEMU's interface that clients may expect; `package` says who we really are.
    static final Version VERSION = new Version(new Version.Numbers(22, 2, 7), "Sluice " + Release.number());

    private Protocol() {}

    /// What the commands need of the server.
    interface Connections {
        /// Character devices with a client.
        List<Yankable> yankable();

        /// Cuts their connections.
        ///
        /// @throws io.sluice.vmm.qapi.QmpException if one is not there; then none is cut
        void yank(List<Yankable> which);
    }

    /// `table` with the protocol's own commands.
    static CommandTable complete(CommandTable table, Connections connections) {
        var schema = new ArrayList<SchemaInfo>();
        var commands = new ArrayList<Command<?, ?>>(table.commands());
        commands.addAll(own(connections, commands, () -> schema));
        var complete = new CommandTable(commands, table.events());
        schema.addAll(Schema.of(complete));
        return complete;
    }

    private static Collection<Command<?, ?>> own(
            Connections connections, Collection<Command<?, ?>> all, Supplier<List<SchemaInfo>> schema) {
        return List.of(
                Command.<Capabilities, Command.Nothing>of(
                                NEGOTIATE,
                                Capabilities.class,
                                Command.Nothing.class,
                                "Ends the negotiation, which is the first thing on every connection; other commands are refused before.",
                                Protocol::neverCalled)
                        .onLoop(),
                query("query-version", Version.class, "Who answers.", () -> VERSION),
                query("query-commands", ListType.of(CommandName.class), "Names of all commands.", () -> names(all)),
                query("query-qmp-schema", ListType.of(SchemaInfo.class), "Types of all commands and events.", schema),
                query(
                                "query-yank",
                                ListType.of(Yankable.class),
                                "Connections that `yank` can cut.",
                                connections::yankable)
                        .allowOutOfBand(),
                Command.<Yank, Command.Nothing>of(
                                "yank",
                                Yank.class,
                                Command.Nothing.class,
                                "Cuts connections, for when one hangs.",
                                yank -> nothing(() -> connections.yank(yank.instances())))
                        .allowOutOfBand());
    }

    private static <R> Command<Command.Nothing, R> query(
            String name, Type returns, String documentation, Supplier<R> answer) {
        return Command.of(name, Command.Nothing.class, returns, documentation, nothing -> answer.get())
                .onLoop();
    }

    private static Command.Nothing neverCalled(Capabilities arguments) {
        throw new IllegalStateException("a session negotiates for itself, " + arguments);
    }

    private static Command.Nothing nothing(Runnable action) {
        action.run();
        return Command.Nothing.INSTANCE;
    }

    private static List<CommandName> names(Collection<Command<?, ?>> commands) {
        return commands.stream()
                .map(Command::name)
                .sorted()
                .map(CommandName::new)
                .toList();
    }

    /// What `query-version` returns, and the greeting says.
    record Version(
            @Member("the level of QEMU's interface") Numbers qemu,

            @Member(name = "package", value = "name and version of this program")
            String program) {
        record Numbers(long micro, long minor, long major) {}
    }

    enum Capability implements QapiEnum {
        OOB
    }

    record Capabilities(
            @Member("what to switch on") @Nullable List<Capability> enable) {}

    record CommandName(String name) {}

    /// A connection that can be cut.
    @Union(tag = "type")
    sealed interface Yankable {
        @Union.Case("chardev")
        record Chardev(@Member("the character device's") String id) implements Yankable {}
    }

    record Yank(@Member("what to cut") List<Yankable> instances) {}
}
