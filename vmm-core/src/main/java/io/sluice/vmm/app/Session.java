package io.sluice.vmm.app;

import io.sluice.vmm.machine.CharBackend;
import io.sluice.vmm.machine.CharTarget;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What one run of a machine has of the outside: the files of its ports, standard input and output, the terminal.
/// Made and closed on the main thread.
final class Session implements AutoCloseable {
    private final ConsoleWaker waker = new ConsoleWaker();
    private final List<ConsoleChannel> channels = new ArrayList<>();
    private final List<CharBackend> serial = new ArrayList<>();
    private final CharBackend debugConsole;
    private final Console console;
    private @Nullable ConsoleChannel interactive;
    private @Nullable ConsoleChannel debugger;
    private @Nullable Terminal terminal;
    private boolean interrupts;

    private Session(
            List<CharTarget> serialTargets,
            @Nullable CharTarget debugTarget,
            boolean debuggerOnStdio,
            Consumer<EscapeKey> keys) {
        for (var target : serialTargets) {
            serial.add(open(target));
        }
        debugConsole = debugTarget == null ? CharBackend.NOTHING : open(debugTarget);
        if (debuggerOnStdio) {
            debugger = channel(new FileOutputStream(FileDescriptor.out));
            interactive = debugger;
        } else if (interactive != null) {
            terminal = Terminal.takeOver(interrupts);
        }
        console = new Console(waker, channels, interactive, terminal == null ? null : new EscapeFilter(keys));
    }

    /// Opens the ports' files and takes over the terminal if a port is on it.
    ///
    /// @param debuggerOnStdio standard input and output are a debugger's, and no port's
    /// @param keys is told of Ctrl-A keys, on the main thread
    /// @throws UsageException if a file cannot be opened
    static Session open(
            List<CharTarget> serialTargets,
            @Nullable CharTarget debugTarget,
            boolean debuggerOnStdio,
            Consumer<EscapeKey> keys) {
        return new Session(serialTargets, debugTarget, debuggerOnStdio, keys);
    }

    private CharBackend open(CharTarget target) {
        return switch (target) {
            case CharTarget.Stdio stdio -> {
                interrupts = stdio.interrupts();
                interactive = channel(new FileOutputStream(FileDescriptor.out));
                yield interactive;
            }
            case CharTarget.File file -> channel(open(file));
            case CharTarget.Discard discard -> CharBackend.NOTHING;
            case CharTarget.Absent absent -> CharBackend.NOTHING;
        };
    }

    private ConsoleChannel channel(OutputStream stream) {
        var channel = new ConsoleChannel(waker, stream);
        channels.add(channel);
        return channel;
    }

    private static OutputStream open(CharTarget.File file) {
        var how = file.append() ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
        try {
            return Files.newOutputStream(
                    file.path(), new OpenOption[] {StandardOpenOption.CREATE, StandardOpenOption.WRITE, how});
        } catch (IOException e) {
            throw new UsageException("file:" + file.path() + ": cannot be written");
        }
    }

    /// The far ends of the serial ports, COM1 first.
    List<CharBackend> serial() {
        return serial;
    }

    CharBackend debugConsole() {
        return debugConsole;
    }

    /// Standard input and output, if they are a debugger's.
    @Nullable
    ConsoleChannel debugger() {
        return debugger;
    }

    /// The console's work, for the main thread.
    Console console() {
        return console;
    }

    /// Closes the files and gives the terminal back.
    @Override
    public void close() {
        if (terminal != null) {
            terminal.close();
        }
        waker.close();
        for (var channel : channels) {
            if (channel != interactive) {
                closeFile(channel);
            }
        }
    }

    private static void closeFile(ConsoleChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // All of it was written by the console already; there is nothing more to lose.
        }
    }
}
