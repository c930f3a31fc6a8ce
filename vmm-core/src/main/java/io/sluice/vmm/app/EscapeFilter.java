package io.sluice.vmm.app;

import java.util.function.Consumer;

/// Takes the Ctrl-A keys out of what is typed.
final class EscapeFilter {
    private final Consumer<EscapeKey> keys;
    private boolean prefixed;

    EscapeFilter(Consumer<EscapeKey> keys) {
        this.keys = keys;
    }

    /// Leaves in `typed` what is for the guest. Ctrl-A and a key that means nothing are for nobody.
    ///
    /// @return how many bytes that is
    int filter(byte[] typed, int length) {
        int kept = 0;
        for (int i = 0; i < length; i++) {
            byte octet = typed[i];
            if (prefixed) {
                prefixed = false;
                if (EscapeKey.SEND.matches(octet)) {
                    typed[kept++] = EscapeKey.PREFIX;
                } else {
                    press(octet);
                }
            } else if (octet == EscapeKey.PREFIX) {
                prefixed = true;
            } else {
                typed[kept++] = octet;
            }
        }
        return kept;
    }

    private void press(byte octet) {
        for (var key : EscapeKey.values()) {
            if (key.matches(octet)) {
                keys.accept(key);
            }
        }
    }
}
