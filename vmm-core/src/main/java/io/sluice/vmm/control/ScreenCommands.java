package io.sluice.vmm.control;

import io.sluice.vmm.machine.DisplayHead;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.plugin.Surface;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QmpException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Pictures of what the guest shows. On the thread that owns the machine, which packs and writes them: neither an event
/// loop nor the device waits for it.
final class ScreenCommands {
    private static final int BUFFER = 1 << 16;

    private final Machine machine;

    ScreenCommands(Machine machine) {
        this.machine = machine;
    }

    record Screendump(
            @Member("The file that is written.") String filename,

            @Member("Id of the device whose picture it is; the first that shows any if absent.") @Nullable
            String device,

            @Member("Which of the device's heads; the first if absent.") @Nullable
            Long head,

            @Member("How it is written; 'ppm' if absent.") @Nullable
            PictureFormat format) {}

    List<Command<?, ?>> commands() {
        return List.of(Command.of(
                "screendump",
                Screendump.class,
                Nothing.class,
                "Writes the picture that the guest shows into a file.",
                this::dump));
    }

    /// @throws QmpException in QEMU's words
    Nothing dump(Screendump arguments) {
        var surface = find(arguments).display().surface();
        if (surface == null) {
            throw new QmpException("no surface");
        }
        var format = arguments.format == null ? PictureFormat.PPM : arguments.format;
        var path = path(arguments.filename);
        try (var out = open(path, arguments.filename)) {
            write(surface, format, out, path);
        } catch (IOException e) {
            throw new QmpException("Unable to write to file: " + HostErrors.reason(e));
        }
        return Nothing.INSTANCE;
    }

    private DisplayHead find(Screendump arguments) {
        var all = machine.displays();
        var device = arguments.device;
        if (device == null) {
            if (arguments.head != null) {
                throw new QmpException("'head' must be specified together with 'device'");
            }
            if (all.isEmpty()) {
                throw new QmpException("There is no console to take a screendump from");
            }
            return all.getFirst();
        }
        if (machine.devices().stream().noneMatch(d -> device.equals(d.id()))) {
            throw new QmpException(ErrorClass.DEVICE_NOT_FOUND, "Device '" + device + "' not found");
        }
        long head = arguments.head == null ? 0 : arguments.head;
        return all.stream()
                .filter(d -> device.equals(d.device()) && d.head() == head)
                .findFirst()
                .orElseThrow(() ->
                        new QmpException("Device " + device + " (head " + head + ") is not bound to a QemuConsole"));
    }

    private static Path path(String filename) {
        if (filename.isEmpty()) {
            throw cannotOpen(filename, HostErrors.MISSING);
        }
        try {
            return Path.of(filename);
        } catch (InvalidPathException e) {
            throw cannotOpen(filename, HostErrors.reason(e));
        }
    }

    private static OutputStream open(Path path, String filename) {
        try {
            return new BufferedOutputStream(Files.newOutputStream(path), BUFFER);
        } catch (IOException e) {
            throw cannotOpen(filename, HostErrors.reason(e));
        }
    }

    private static QmpException cannotOpen(String filename, String reason) {
        return new QmpException("failed to open file '" + filename + "': " + reason);
    }

    /// Half a picture is none.
    private static void write(Surface surface, PictureFormat format, OutputStream out, Path path) throws IOException {
        boolean whole = false;
        try {
            format.write(surface, out);
            out.flush();
            whole = true;
        } finally {
            if (!whole && Files.isRegularFile(path)) {
                Files.deleteIfExists(path);
            }
        }
    }
}
