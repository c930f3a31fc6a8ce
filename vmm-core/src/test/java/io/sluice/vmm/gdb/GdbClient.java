package io.sluice.vmm.gdb;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/// The debugger's end of a session, in memory: bytes in, bytes out, everything carried out at once.
final class GdbClient implements GdbLink.Channel {
    final FakePort port = new FakePort();
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final Consumer<Runnable> control = tasks::add;
    private final GdbLink link = new GdbLink(this, control);
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    boolean closed;

    GdbClient() {
        link.open(port);
        runTasks();
    }

    private void runTasks() {
        for (var task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /// Sends characters as bytes and gives back all that was answered.
    String raw(String bytes) {
        link.take(bytes.getBytes(StandardCharsets.ISO_8859_1));
        runTasks();
        return answer();
    }

    String answer() {
        var text = said.toString(StandardCharsets.ISO_8859_1);
        said.reset();
        return text;
    }

    /// Sends a packet and gives back the payload of the one answer; empty if there is none or it is empty.
    String ask(String payload) {
        return payload(raw(framed(payload)));
    }

    static String framed(String payload) {
        return new String(PacketFrame.of(payload), StandardCharsets.ISO_8859_1);
    }

    /// The payload of an answer, whose frame and checksum are checked by our own reader.
    static String payload(String line) {
        var events = new ArrayDeque<PacketEvent>();
        new PacketReader().take(line.getBytes(StandardCharsets.ISO_8859_1), events);
        return events.poll() instanceof PacketEvent.Packet packet
                ? new String(packet.payload(), StandardCharsets.ISO_8859_1)
                : "";
    }

    static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
    }

    /// Loses the connection.
    void hangUp() {
        link.closed();
        runTasks();
    }

    List<String> calls() {
        return port.calls;
    }

    @Override
    public void write(byte[] bytes) {
        said.writeBytes(bytes);
    }

    @Override
    public void resume() {}

    @Override
    public void pause() {}

    @Override
    public void whenWritable(Runnable writable) {
        writable.run();
    }

    @Override
    public void close() {
        closed = true;
    }
}
