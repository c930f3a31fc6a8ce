package io.sluice.vmm.machine;

import io.sluice.vmm.loop.MachineClock;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads along on a serial console for the last words of a Linux kernel (docs/adr/0004).
///
/// A kernel that resets after a panic says so at the start of a line and resets within moments; one that does not says
/// in the end that it has ended. A program that prints the same words and goes on is not taken for a panic.
final class PanicWatch {
    static final String PANIC = "Kernel panic - not syncing: ";
    static final String END = "---[ end Kernel panic - not syncing: ";

    /// A reset that comes later than this after the words is not the panic's.
    private static final long LAST_WORDS_NANOS = 5_000_000_000L;

    private static final int LONGEST_LINE = 256;

    private final MachineClock clock;
    private final Consumer<String> halted;
    private final byte[] line = new byte[LONGEST_LINE];
    private int length;
    private volatile @Nullable Panic last;

    private record Panic(String reason, long at) {}

    /// @param halted is told why, inside the port's strand, when a kernel has ended and will not reset
    PanicWatch(MachineClock clock, Consumer<String> halted) {
        this.clock = clock;
        this.halted = halted;
    }

    /// A byte went out; inside the port's strand.
    void sent(byte octet) {
        if (octet == '\n') {
            if (length >= PANIC.length()) {
                look(new String(line, 0, length, StandardCharsets.ISO_8859_1).strip());
            }
            length = 0;
        } else if (length < LONGEST_LINE) {
            line[length++] = octet;
        }
    }

    private void look(String text) {
        // The kernel's time stamp, and the level that an early console shows.
        var words = text.replaceFirst("^(<\\d>)?\\[[ \\d.]+\\](\\[ *[TC]\\d+\\])? ", "");
        if (words.startsWith(PANIC)) {
            last = new Panic(words.substring(PANIC.length()), clock.nanos());
        } else if (words.startsWith(END) && last != null) {
            halted.accept(words.substring(END.length()).replaceFirst(" ]---$", ""));
        }
    }

    /// Any thread: why the guest's kernel panicked, if it did a moment ago.
    @Nullable
    String reason() {
        var panic = last;
        return panic == null || clock.nanos() - panic.at > LAST_WORDS_NANOS ? null : panic.reason;
    }

    /// Any thread: forgets it.
    void clear() {
        last = null;
    }
}
