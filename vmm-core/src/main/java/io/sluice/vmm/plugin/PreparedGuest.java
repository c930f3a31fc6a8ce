package io.sluice.vmm.plugin;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A guest that is ready to boot.
///
/// @param append the kernel's command line
/// @param extraOptions further options of the command line's dialect
/// @param expectedConsoleText what the console shows once the guest is up; null if nothing is promised
public record PreparedGuest(
        Path kernel,
        @Nullable Path initrd,
        String append,
        List<String> extraOptions,
        @Nullable String expectedConsoleText) {}
