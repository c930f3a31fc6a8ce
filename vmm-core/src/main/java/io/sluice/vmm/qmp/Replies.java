package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.QapiDecoder;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qapi.RunState;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Carries requests out and writes their replies. Runs where the command runs.
final class Replies {
    private static final int NOT_WRITTEN = -1;

    private final Supplier<RunState> state;
    private final QmpEvents events;

    Replies(Supplier<RunState> state, QmpEvents events) {
        this.state = state;
        this.events = events;
    }

    /// Carries a request out. A command that throws what is no refusal has a bug: its client gets an error, its owner
    /// is told.
    void answer(Request request, JsonWriter out) {
        var command = request.command();
        if (command == null) {
            refuse(request, refusal(request), out);
            events.command(QmpEvents.UNKNOWN, false, 0);
            return;
        }
        int mark = NOT_WRITTEN;
        long start = System.nanoTime();
        try {
            var value = run(command, request.arguments());
            mark = out.length(); // behind the events that the command has emitted
            succeed(request, value, out);
            events.command(command.name(), true, System.nanoTime() - start);
        } catch (QmpException e) {
            refuse(request, e, out);
            events.command(command.name(), false, System.nanoTime() - start);
        } catch (RuntimeException | Error e) {
            if (mark != NOT_WRITTEN) {
                out.rewind(mark);
            }
            refuse(request, new QmpException("The command " + command.name() + " failed: " + oneLine(e)), out);
            events.command(command.name(), false, System.nanoTime() - start);
            events.failed(command.name(), e);
        }
    }

    static void succeed(Request request, Object value, JsonWriter out) {
        out.open().member("return", value);
        if (request.hasId()) {
            out.member("id", request.id());
        }
        out.close().end();
    }

    static void refuse(Request request, QmpException refusal, JsonWriter out) {
        out.open();
        if (request.hasId()) {
            out.member("id", request.id());
        }
        out.name("error").open();
        out.member("class", refusal.errorClass().text()).member("desc", refusal.description());
        out.close().close().end();
    }

    private static QmpException refusal(Request request) {
        var refusal = request.refusal();
        return refusal == null ? new QmpException(ErrorClass.COMMAND_NOT_FOUND, "There is no command") : refusal;
    }

    private <A extends Record, R> Object run(Command<A, R> command, Map<String, ?> arguments) {
        var now = state.get();
        if (!command.states().contains(now)) {
            var allowed = command.states().stream()
                    .sorted()
                    .map(QapiEnum::text)
                    .collect(Collectors.joining("', '", "'", "'"));
            throw new QmpException("The command " + command.name() + " is not allowed in state '" + now.text()
                    + "', only in " + allowed);
        }
        return command.handler().run(QapiDecoder.arguments(command.arguments(), arguments));
    }

    private static String oneLine(Throwable failure) {
        return failure.toString().lines().findFirst().orElse("unknown");
    }
}
