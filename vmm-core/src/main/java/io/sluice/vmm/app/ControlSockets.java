package io.sluice.vmm.app;

import io.sluice.vmm.control.CharDeviceInfo;
import io.sluice.vmm.control.MachineCommands;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qmp.QmpAddress;
import io.sluice.vmm.qmp.QmpEndpoint;
import io.sluice.vmm.qmp.QmpOpenException;
import io.sluice.vmm.qmp.QmpServer;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.Executor;

/// The control sockets of one machine, with its commands behind them. Opened and closed on the main thread.
final class ControlSockets implements AutoCloseable {
    private final QmpServer server;
    private final ControlEvents told;

    private ControlSockets(QmpServer server, ControlEvents told) {
        this.server = server;
        this.told = told;
    }

    /// @throws UsageException if one of them cannot be had
    static ControlSockets open(Machine machine, Doors doors, Vertx vertx, Executor owner, MeterBoard meters) {
        var commands = MachineCommands.of(machine, doors.known(), charDevices(doors.control()));
        var table = new CommandTable(commands, MachineCommands.events(machine));
        var told = new ControlEvents(machine.trace(), meters);
        try {
            return new ControlSockets(
                    QmpServer.open(doors.control(), table, machine::runState, owner, vertx, told), told);
        } catch (QmpOpenException e) {
            told.close();
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    private static List<CharDeviceInfo> charDevices(List<QmpEndpoint> endpoints) {
        return endpoints.stream()
                .map(e -> new CharDeviceInfo(e.id(), e.address() + (isListener(e) ? ",server=on" : "")))
                .toList();
    }

    private static boolean isListener(QmpEndpoint endpoint) {
        return endpoint.server() && !(endpoint.address() instanceof QmpAddress.Stdio);
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
        told.close();
    }
}
