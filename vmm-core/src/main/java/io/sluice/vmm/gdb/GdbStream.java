package io.sluice.vmm.gdb;

import io.sluice.vmm.machine.CharBackend;
import io.sluice.vmm.machine.DebugPort;
import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;

/// A debugger on standard input and output. All on the thread that owns the machine, which carries the bytes too.
public final class GdbStream implements CharBackend.Listener, GdbLink.Channel {
    private final CharBackend far;
    private final Consumer<Runnable> control;
    private final GdbLink link;
    /// What the far end had no room for; bounded, for no packet is carried out while there is something.
    private byte[] waiting = {};

    private Runnable writable = () -> {};
    private boolean paused;
    private boolean closed;

    private GdbStream(CharBackend far, Consumer<Runnable> control) {
        this.far = far;
        this.control = control;
        this.link = new GdbLink(this, control);
    }

    /// The debugger is there from now on.
    public static GdbStream open(CharBackend far, DebugPort port, Consumer<Runnable> control) {
        var stream = new GdbStream(far, control);
        far.listen(stream);
        stream.link.open(port);
        return stream;
    }

    /// The far end has gone.
    public void end() {
        if (!closed) {
            closed = true;
            link.closed();
        }
    }

    @Override
    public void readable() {
        if (paused || closed) {
            return;
        }
        var bytes = new ByteArrayOutputStream();
        for (int octet = far.read(); octet >= 0; octet = far.read()) {
            bytes.write(octet);
        }
        if (bytes.size() > 0) {
            link.take(bytes.toByteArray());
        }
    }

    @Override
    public void writable() {
        var bytes = waiting;
        waiting = new byte[0];
        write(bytes);
    }

    @Override
    public void write(byte[] bytes) {
        int sent = 0;
        if (waiting.length == 0) {
            while (sent < bytes.length && far.write(bytes[sent])) {
                sent++;
            }
        }
        if (sent < bytes.length) {
            var rest = new byte[waiting.length + bytes.length - sent];
            System.arraycopy(waiting, 0, rest, 0, waiting.length);
            System.arraycopy(bytes, sent, rest, waiting.length, bytes.length - sent);
            waiting = rest;
        } else if (waiting.length == 0) {
            var told = writable;
            writable = () -> {};
            told.run();
        }
    }

    @Override
    public void resume() {
        paused = false;
        control.accept(this::readable);
    }

    @Override
    public void pause() {
        paused = true;
    }

    @Override
    public void whenWritable(Runnable toRun) {
        if (waiting.length == 0) {
            toRun.run();
        } else {
            writable = toRun;
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
