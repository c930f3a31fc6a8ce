package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.QmpException;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One message of a client, looked through: a command to carry out, or why it is none.
///
/// @param command null if it is refused already, and then `refusal` says why
/// @param hasId whether there is an id, which may be null
/// @param bytes about the memory that it holds
record Request(
        @Nullable Command<?, ?> command,
        Map<String, ?> arguments,
        boolean hasId,
        @Nullable Object id,
        boolean outOfBand,
        @Nullable QmpException refusal,
        long bytes) {

    /// @param negotiated whether any command is allowed, not only `qmp_capabilities`
    /// @param outOfBand whether `exec-oob` is allowed
    static Request of(Input input, CommandTable table, boolean negotiated, boolean outOfBand) {
        return switch (input) {
            case Input.Garbage garbage -> refused(garbage.error());
            case Input.Value value ->
                value.value() instanceof JsonObject object
                        ? new Reading(object.getMap(), table, negotiated, outOfBand).request(value.bytes())
                        : refused("QMP input must be a JSON object");
        };
    }

    private static Request refused(String error) {
        return new Request(null, Map.of(), false, null, false, new QmpException(error), 0);
    }

    /// The refusal of a request for which there is no memory.
    static Request tooLarge(Request request) {
        var refusal = new QmpException("JSON token size limit exceeded");
        return new Request(null, Map.of(), false, null, request.outOfBand(), refusal, 0);
    }

    boolean runsOnOwner() {
        return command != null && command.thread() == Command.Place.OWNER;
    }

    private record Reading(Map<String, Object> message, CommandTable table, boolean negotiated, boolean outOfBand) {
        Request request(long bytes) {
            boolean hasId = message.containsKey("id");
            var id = message.get("id");
            try {
                var arguments = checkMembers();
                boolean jumps = message.containsKey("exec-oob");
                return new Request(command(jumps), arguments, hasId, id, jumps, null, bytes);
            } catch (QmpException e) {
                return new Request(null, Map.of(), hasId, id, false, e, bytes);
            }
        }

        @SuppressWarnings("unchecked") // The keys of a JSON object are strings.
        private Map<String, ?> checkMembers() {
            Map<String, ?> arguments = Map.of();
            for (var member : message.entrySet()) {
                switch (member.getKey()) {
                    case "execute" -> checkName("execute");
                    case "exec-oob" -> checkOutOfBand();
                    case "arguments" -> {
                        if (!(member.getValue() instanceof Map<?, ?> map)) {
                            throw new QmpException("QMP input member 'arguments' must be an object");
                        }
                        arguments = (Map<String, ?>) map;
                    }
                    case "id" -> {
                        // any value will do
                    }
                    default -> throw new QmpException("QMP input member '" + member.getKey() + "' is unexpected");
                }
            }
            return arguments;
        }

        private void checkOutOfBand() {
            if (!outOfBand) {
                throw new QmpException("QMP input member 'exec-oob' is unexpected");
            }
            if (message.containsKey("execute")) {
                throw new QmpException("QMP input member 'execute' clashes with 'exec-oob'");
            }
            checkName("exec-oob");
        }

        private void checkName(String member) {
            if (!(message.get(member) instanceof String)) {
                throw new QmpException("QMP input member '" + member + "' must be a string");
            }
        }

        private Command<?, ?> command(boolean jumps) {
            if (!(message.get(jumps ? "exec-oob" : "execute") instanceof String name)) {
                throw new QmpException("QMP input lacks member 'execute'");
            }
            if (!negotiated && !name.equals(Protocol.NEGOTIATE)) {
                throw new QmpException(
                        ErrorClass.COMMAND_NOT_FOUND,
                        "Expecting capabilities negotiation with '" + Protocol.NEGOTIATE + "'");
            }
            var command = table.command(name);
            if (command == null) {
                throw new QmpException(ErrorClass.COMMAND_NOT_FOUND, "The command " + name + " has not been found");
            }
            if (jumps && !command.outOfBand()) {
                throw new QmpException("The command " + name + " does not support OOB");
            }
            return command;
        }
    }
}
