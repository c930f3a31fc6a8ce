package io.sluice.vmm.qmp;

import org.jspecify.annotations.Nullable;

/// What came out of the stream: a value (JsonObject, JsonArray, String, Long, BigInteger, Double, Boolean or null), or
/// an error in QEMU's words.
///
/// @param bytes about the memory that the value holds
sealed interface Input {
    long bytes();

    record Value(@Nullable Object value, @Override long bytes) implements Input {}

    record Garbage(String error) implements Input {
        @Override
        public long bytes() {
            return 0;
        }
    }
}
