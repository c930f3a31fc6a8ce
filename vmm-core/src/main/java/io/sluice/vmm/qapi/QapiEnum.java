package io.sluice.vmm.qapi;

import java.util.Locale;

/// An enumeration on the wire: a constant's text is its name in small letters with `-` for `_`, unless it says else.
public interface QapiEnum {
    String name();

    /// The constant on the wire.
    default String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
