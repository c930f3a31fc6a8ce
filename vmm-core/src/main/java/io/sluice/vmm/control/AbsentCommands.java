package io.sluice.vmm.control;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Questions about what this machine has none of, with the answers of a machine that has none.
final class AbsentCommands {
    private AbsentCommands() {}

    record IoThread(
            @Member("Name.") String id,
            @Member("The host's thread.") long threadId) {}

    record BlockNode(@Member("Name of the node.") String nodeName) {}

    record NodesArguments(
            @Member("Leave out the backing chains.") @Nullable
            Boolean flat) {}

    static List<Command<?, ?>> commands() {
        return List.of(
                empty(
                        "query-iothreads",
                        IoThread.class,
                        "The I/O threads of the user's; devices have their own loops."),
                Command.of(
                        "query-named-block-nodes",
                        NodesArguments.class,
                        ListType.of(BlockNode.class),
                        "The block nodes; there are none.",
                        arguments -> List.<BlockNode>of()),
                empty("query-tpm-models", String.class, "The TPM models; there are none."),
                empty("query-tpm-types", String.class, "The TPM types; there are none."));
    }

    private static <E> Command<Nothing, List<E>> empty(String name, Class<E> element, String documentation) {
        return Command.of(name, Nothing.class, ListType.of(element), documentation, none -> List.of());
    }
}
