package io.sluice.vmm.machine;

import io.sluice.vmm.trace.AddressFilter;
import io.sluice.vmm.trace.Item;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Everything that a machine is built from. Immutable; checked by whoever makes it (the command line).
///
/// @param memoryBytes guest RAM, whole mebibytes
/// @param serial the serial ports, COM1 first
/// @param debugConsole where bytes written to port 0xE9 go, if there is that port
/// @param drives the files that devices can have as disks
public record MachineConfig(
        String name,
        UUID uuid,
        long memoryBytes,
        Cpus cpus,
        Boot boot,
        List<CharTarget> serial,
        @Nullable CharTarget debugConsole,
        List<Part> devices,
        List<Part> objects,
        List<FwCfgFile> firmwareFiles,
        Rtc rtc,
        Life life,
        Log log,
        List<Drive> drives) {

    public MachineConfig {
        serial = List.copyOf(serial);
        devices = List.copyOf(devices);
        objects = List.copyOf(objects);
        firmwareFiles = List.copyOf(firmwareFiles);
        drives = List.copyOf(drives);
    }

    /// A machine without drives.
    public MachineConfig(
            String name,
            UUID uuid,
            long memoryBytes,
            Cpus cpus,
            Boot boot,
            List<CharTarget> serial,
            @Nullable CharTarget debugConsole,
            List<Part> devices,
            List<Part> objects,
            List<FwCfgFile> firmwareFiles,
            Rtc rtc,
            Life life,
            Log log) {
        this(
                name,
                uuid,
                memoryBytes,
                cpus,
                boot,
                serial,
                debugConsole,
                devices,
                objects,
                firmwareFiles,
                rtc,
                life,
                log,
                List.of());
    }

    /// The same machine with these drives.
    public MachineConfig withDrives(List<Drive> newDrives) {
        return new MachineConfig(
                name,
                uuid,
                memoryBytes,
                cpus,
                boot,
                serial,
                debugConsole,
                devices,
                objects,
                firmwareFiles,
                rtc,
                life,
                log,
                newDrives);
    }

    /// @param model name of the CPU model
    public record Cpus(int count, String model) {}

    /// @param append the kernel's command line
    /// @param decompress whether the host unpacks a compressed kernel and enters it at once
    public record Boot(Path kernel, @Nullable Path initrd, String append, boolean decompress) {}

    /// One `-device` or `-object`: a type and what was said about it, in order.
    public record Part(String type, Map<String, String> properties) {
        public Part {
            properties = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(properties));
        }
    }

    /// A file of raw blocks that a device can have as its disk.
    public record Drive(String id, Path file, boolean readOnly) {}

    /// A file that the guest finds in fw_cfg.
    public record FwCfgFile(String name, byte[] content) {}

    /// The clock on the board.
    ///
    /// @param secondsFromUtc how far it runs from the host's UTC
    public record Rtc(long secondsFromUtc) {}

    /// @param startsPaused the machine waits to be told to go
    /// @param resetEnds a reset ends the machine instead
    /// @param shutdownPauses a guest that ends leaves the machine there, to be looked at
    public record Life(boolean startsPaused, boolean resetEnds, boolean shutdownPauses, PanicAction panic) {
        /// Runs at once; what the guest does is done; a panic is a failure.
        public static final Life STANDARD = new Life(false, false, false, PanicAction.EXIT_FAILURE);
    }

    /// @param items what `-d` says
    /// @param file where the log goes, `%d` being the process; standard error if absent
    /// @param filter which addresses `exec`, `in_asm` and `cpu` tell of
    public record Log(Set<Item> items, @Nullable String file, AddressFilter filter) {
        public Log {
            items = Set.copyOf(items);
        }

        /// Of all addresses.
        public Log(Set<Item> items, @Nullable String file) {
            this(items, file, AddressFilter.ALL);
        }
    }
}
