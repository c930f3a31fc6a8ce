package io.sluice.vmm.trace;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One thing that was told.
///
/// @param item what asked for it, or null if it is a message of the program
/// @param text one or more lines, the last without its end; may hold whatever a guest made up
/// @param thread the thread that told it
public record TraceRecord(
        Instant time, System.Logger.Level level, @Nullable Item item, String text, String thread) {}
