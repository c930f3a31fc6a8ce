package io.sluice.vmm.qmp;

import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;

/// A server of the small table of commands, in a process of its own: its argument is `stdio` or the
/// path of a socket.
final class QmpServerMain {
    private QmpServerMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        var loops = VertxLoops.start(1, new LoopEvents() {
            @Override
            public void failed(String loop, Throwable failure) {
                throw new IllegalStateException(loop, failure);
            }

            @Override
            public void blocked(String loop, long nanos) {}
        });
        var commands = new FakeCommands();
        var address =
                arguments[0].equals("stdio") ? new QmpAddress.Stdio() : new QmpAddress.Unix(Path.of(arguments[0]));
        var endpoint = new QmpEndpoint("c0", address, true, false, 0, false);
        var server = QmpServer.open(
                List.of(endpoint),
                commands.table(),
                () -> commands.state,
                Executors.newSingleThreadExecutor(),
                loops.vertx(),
                QmpEvents.NONE);
        commands.sink = server.sink();
        Thread.currentThread().join();
    }
}
