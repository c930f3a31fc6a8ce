package io.sluice.vmm.qom;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A property of an object.
///
/// @param type QEMU's word: `bool`, `uint32`, `str`, `link<TYPE>`, …
/// @param description one line, or null
/// @param getter gives a value that may go over the wire; null if the property cannot be read
/// @param setter takes a value off the wire and throws a QmpException if it does not fit; null if it cannot be set
public record TreeProperty(
        String name,
        String type,
        @Nullable String description,
        @Nullable Supplier<Object> getter,
        @Nullable Consumer<Object> setter) {

    public static TreeProperty of(String name, String type, Supplier<Object> getter) {
        return new TreeProperty(name, type, null, getter, null);
    }

    /// A property that never changes.
    public static TreeProperty constant(String name, String type, Object value) {
        return of(name, type, () -> value);
    }
}
