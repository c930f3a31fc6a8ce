package io.sluice.samples.ring;

import org.jspecify.annotations.Nullable;

/// What the owner may order. The constants' places are the numbers that are written.
enum Order {
    NONE,
    /// CLIENT begins, with rings of SHAPE at COMMANDS and COMPLETIONS.
    CREATE,
    /// CLIENT ends, and its keys with it.
    DESTROY,
    /// CLIENT may name LENGTH bytes from FIRST on, with RIGHTS; gives KEY.
    REGISTER,
    /// CLIENT may name KEY no longer.
    DEREGISTER;

    private static final Order[] ALL = values();

    /// @return null if nothing has this number
    static @Nullable Order of(long number) {
        return number >= 0 && number < ALL.length ? ALL[(int) number] : null;
    }
}
