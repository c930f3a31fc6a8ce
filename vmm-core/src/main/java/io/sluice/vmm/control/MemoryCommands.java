package io.sluice.vmm.control;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QmpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Guest memory: how much there is, and copies of it.
final class MemoryCommands {
    private static final int PAGE = 4096;

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

    record VirtualSave(
            @Member("First virtual address.") long val,
            @Member("Bytes.") long size,
            @Member("The file that is written.") String filename,

            @Member("The vCPU whose page tables count; the first if absent.") @Nullable
            Long cpuIndex) {}

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
                        this::savePhysical),
                Command.of(
                        "memsave",
                        VirtualSave.class,
                        Nothing.class,
                        "Writes memory as a vCPU sees it into a file.",
                        this::saveVirtual));
    }

    private Nothing savePhysical(PhysicalSave arguments) {
        checkSize(arguments.size);
        return save(arguments.filename, file -> machine.saveMemory(new Gpa(arguments.val), arguments.size, file));
    }

    private Nothing saveVirtual(VirtualSave arguments) {
        checkSize(arguments.size);
        long cpu = arguments.cpuIndex == null ? 0 : arguments.cpuIndex;
        if (cpu < 0 || cpu >= machine.config().cpus().count()) {
            throw new QmpException("Parameter 'cpu-index' expects a CPU number");
        }
        return save(arguments.filename, file -> {
            if (!copy((int) cpu, arguments.val, arguments.size, file)) {
                throw new QmpException(
                        String.format("Invalid addr 0x%016x/size %d specified", arguments.val, arguments.size));
            }
        });
    }

    private boolean copy(int cpu, long first, long size, Path file) throws IOException {
        var seen = machine.view().cpu(cpu);
        var page = new byte[PAGE];
        try (var out = Files.newOutputStream(file)) {
            for (long done = 0; done < size; ) {
                int piece = (int) Math.min(size - done, PAGE - (first + done & PAGE - 1));
                if (!seen.read(first + done, page, piece)) {
                    return false;
                }
                out.write(page, 0, piece);
                done += piece;
            }
        }
        return true;
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
        if (filename.isEmpty()) {
            throw new QmpException("Could not open '': " + HostErrors.MISSING);
        }
        try {
            writer.write(Path.of(filename));
        } catch (IOException | InvalidPathException e) {
            throw new QmpException("Could not open '" + filename + "': " + HostErrors.reason(e));
        }
        return Nothing.INSTANCE;
    }
}
