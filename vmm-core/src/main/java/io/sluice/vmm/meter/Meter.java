package io.sluice.vmm.meter;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/// One number, or one distribution, with its name. Read by any thread, at any time until it is taken off its board.
public sealed interface Meter {
    Id id();

    About about();

    /// Only grows, until its owner is made anew.
    record Counter(Id id, About about, LongSupplier value) implements Meter {}

    /// Goes up and down.
    record Gauge(Id id, About about, LongSupplier value) implements Meter {}

    record Histogram(Id id, About about, LongHistogram values) implements Meter {}

    /// Two meters of one name differ in the values of their tags, never in the keys.
    ///
    /// @param name words in small letters with dots between, `sluice.` first
    record Id(String name, SortedMap<String, String> tags) {
        public Id {
            tags = Collections.unmodifiableSortedMap(new TreeMap<>(tags));
        }

        public Id(String name, Map<String, String> tags) {
            this(name, new TreeMap<>(tags));
        }
    }

    /// What all meters of one name have in common.
    record About(Unit unit, String description) {}

    /// What a value counts.
    enum Unit {
        /// Things, which the name says.
        NONE(""),
        BYTES("bytes"),
        /// The value is in nanoseconds; it is shown in seconds.
        SECONDS("seconds");

        private final String text;

        Unit(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }
}
