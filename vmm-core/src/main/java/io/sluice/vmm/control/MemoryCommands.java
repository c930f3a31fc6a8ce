package io.sluice.vmm.control;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QmpException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/// Guest memory: how much there is, and copies of it.
final class MemoryCommands {
    private final Machine machine;

    MemoryCommands(Machine machine) {
        this.machine = machine;
    }

    record Summary(
            @Member("Bytes that the machine started with.") long baseMemory,
            @Member("Bytes that were plugged in since.") long pluggedMemory) {}

    record Device(@Member("Kind of memory device.") String type) {}

    record Backend(
            @Member("Name.") String id, @Member("Bytes.") long size) {}

    record PhysicalSave(
            @Member("First guest physical address.") long val,
            @Member("Bytes.") long size,
            @Member("The file that is written.") String filename) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                                "query-memory-size-summary",
                                Nothing.class,
                                Summary.class,
                                "How much memory the guest has.",
                                none -> new Summary(machine.config().memoryBytes(), 0))
                        .onLoop(),
                Command.of(
                        "query-memory-devices",
                        Nothing.class,
                        ListType.of(Device.class),
                        "Memory devices that were plugged in; there are none.",
                        none -> List.<Device>of()),
                Command.of(
                        "query-memdev",
                        Nothing.class,
                        ListType.of(Backend.class),
                        "Memory backends of the user's; there are none.",
                        none -> List.<Backend>of()),
                Command.of(
                        "pmemsave",
                        PhysicalSave.class,
                        Nothing.class,
                        "Writes guest physical memory into a file. What is no RAM reads as ones.",
                        this::savePhysical));
    }

    private Nothing savePhysical(PhysicalSave arguments) {
        checkSize(arguments.size);
        return save(arguments.filename, file -> machine.saveMemory(new Gpa(arguments.val), arguments.size, file));
    }

    private static void checkSize(long size) {
        if (size < 0) {
            throw new QmpException("Parameter 'size' expects a number of bytes");
        }
    }

    @FunctionalInterface
    private interface Writer {
        void write(Path file) throws IOException;
    }

    private static Nothing save(String filename, Writer writer) {
        try {
            writer.write(Path.of(filename));
        } catch (IOException | InvalidPathException e) {
            throw new QmpException("Could not open '" + filename + "'");
        }
        return Nothing.INSTANCE;
    }
}
