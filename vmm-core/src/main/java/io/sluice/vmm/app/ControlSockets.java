package io.sluice.vmm.app;

import io.sluice.vmm.control.MachineCommands;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qmp.QmpAddress;
import io.sluice.vmm.qmp.QmpEndpoint;
import io.sluice.vmm.qmp.QmpEvents;
import io.sluice.vmm.qmp.QmpOpenException;
import io.sluice.vmm.qmp.QmpServer;
import io.vertx.core.Vertx;
import java.io.PrintStream;
import java.util.concurrent.Executor;

/// The control sockets of one machine, with its commands behind them. Opened and closed on the main thread.
final class ControlSockets implements AutoCloseable {
    private final QmpServer server;

    private ControlSockets(QmpServer server) {
        this.server = server;
    }

    /// @throws UsageException if one of them cannot be had
    static ControlSockets open(Machine machine, Doors doors, Vertx vertx, Executor owner, PrintStream err) {
        var commands = MachineCommands.of(machine, doors.known());
        var table = new CommandTable(commands, MachineCommands.events(machine));
        try {
            return new ControlSockets(
                    QmpServer.open(doors.control(), table, machine::runState, owner, vertx, new Messages(err)));
        } catch (QmpOpenException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    /// Waits where a socket was said to wait for its first client.
    void awaitFirstClient() {
        try {
            server.awaitFirstClient();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void emit(EventType.Event<?> event) {
        server.sink().emit(event);
    }

    @Override
    public void close() {
        server.close();
    }

    private record Messages(PrintStream err) implements QmpEvents {
        @Override
        public void listening(QmpEndpoint endpoint, QmpAddress address) {
            // Only a port that was left open needs saying.
            if (endpoint.address() instanceof QmpAddress.Tcp asked && asked.port() == 0) {
                err.println("sluice: " + endpoint.id() + " answers on " + address);
            }
        }

        @Override
        public void failed(String name, Throwable failure) {
            err.println("sluice: internal error in " + name + ": " + failure);
        }

        @Override
        public void dropped(QmpEndpoint endpoint, String reason) {
            err.println("sluice: " + endpoint.id() + ": a client was disconnected: " + reason);
        }
    }
}
