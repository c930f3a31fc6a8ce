package io.sluice.vmm.app;

import io.sluice.vmm.meter.CommandMeters;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.qmp.QmpAddress;
import io.sluice.vmm.qmp.QmpEndpoint;
import io.sluice.vmm.qmp.QmpEvents;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What control sockets tell, as messages, meters, and lines of the log (`-d qmp`).
final class ControlEvents implements QmpEvents, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlEvents.class);

    private final Trace trace;
    private final CommandMeters meters;

    ControlEvents(Trace trace, MeterBoard board) {
        this.trace = trace;
        this.meters = new CommandMeters(board);
    }

    @Override
    public void listening(QmpEndpoint endpoint, QmpAddress address) {
        // Only a port that was left open needs saying.
        if (endpoint.address() instanceof QmpAddress.Tcp asked && asked.port() == 0) {
            LOG.info("{} answers on {}", endpoint.id(), address);
        }
    }

    @Override
    public void command(String name, boolean succeeded, long nanos) {
        meters.answered(name, succeeded, nanos);
    }

    @Override
    public void event(String name) {
        meters.emitted(name);
    }

    @Override
    public void failed(String name, Throwable failure) {
        LOG.error("internal error in {}: {}", name, failure.toString());
    }

    @Override
    public void dropped(QmpEndpoint endpoint, String reason) {
        LOG.warn("{}: a client was disconnected: {}", endpoint.id(), reason);
    }

    @Override
    public boolean traces() {
        return trace.on(Item.QMP);
    }

    @Override
    public void message(QmpEndpoint endpoint, boolean fromClient, String text) {
        var head = "qmp " + endpoint.id() + (fromClient ? " -> " : " <- ");
        text.lines().filter(line -> !line.isBlank()).forEach(line -> trace.line(Item.QMP, head + printable(line)));
    }

    /// A client may send anything; a log is for people.
    private static String printable(String line) {
        if (line.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            return line;
        }
        var text = new StringBuilder(line.length() + 16);
        line.chars().forEach(c -> {
            if (c >= ' ' && c <= '~') {
                text.append((char) c);
            } else {
                text.append(String.format("\\x%02x", c));
            }
        });
        return text.toString();
    }

    /// The meters go.
    @Override
    public void close() {
        meters.close();
    }
}
