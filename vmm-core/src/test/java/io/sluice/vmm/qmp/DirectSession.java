package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.CommandTable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;

/// A session on a wire of strings: the test's thread is the loop, and does what was handed over when it is told to.
final class DirectSession implements Wire {
    final FakeCommands commands = new FakeCommands();
    final ArrayDeque<Runnable> loop = new ArrayDeque<>();
    final ArrayDeque<Runnable> timers = new ArrayDeque<>();
    final Hub hub;
    final Session session;
    boolean full;
    boolean reading = true;
    boolean closed;
    private final StringBuilder sent = new StringBuilder();

    DirectSession() {
        this(false, Runnable::run);
    }

    DirectSession(boolean pretty, Executor owner) {
        hub = new Hub(
                table(), () -> commands.state, owner, loop::add, (millis, task) -> timers.add(task), QmpEvents.NONE);
        hub.startOnLoop();
        commands.sink = hub;
        session = hub.join(endpoint(pretty), this);
        session.greet();
    }

    private CommandTable table() {
        return commands.table();
    }

    private static QmpEndpoint endpoint(boolean pretty) {
        return new QmpEndpoint("c0", new QmpAddress.Fd(3), true, false, 0, pretty);
    }

    /// With the greeting read and the negotiation done.
    DirectSession negotiated(String... capabilities) {
        send("{'execute':'qmp_capabilities','arguments':{'enable':["
                + String.join(
                        ",",
                        List.of(capabilities).stream().map(c -> "'" + c + "'").toList()) + "]}}");
        answers();
        return this;
    }

    void send(String text) {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    void send(byte[] bytes) {
        session.received(bytes, bytes.length);
        run();
    }

    /// Does what was handed to the loop.
    void run() {
        while (!loop.isEmpty()) {
            loop.poll().run();
        }
    }

    /// What was sent since the last time, with timestamps masked.
    String answers() {
        var text = sent.toString();
        sent.setLength(0);
        return text.replaceAll("\\{\"seconds\": \\d+, \"microseconds\": \\d+}", "@");
    }

    /// The answer to `text`, one line without its end.
    String ask(String text) {
        send(text);
        return answers().replaceFirst("\r\n$", "");
    }

    @Override
    public void write(byte[] bytes, int length) {
        sent.append(new String(bytes, 0, length, StandardCharsets.US_ASCII));
    }

    @Override
    public boolean isFull() {
        return full;
    }

    @Override
    public void read(boolean wanted) {
        reading = wanted;
    }

    @Override
    public void afterWrites(Runnable task) {
        task.run();
    }

    @Override
    public void close() {
        closed = true;
    }
}
