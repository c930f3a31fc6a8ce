package io.sluice.vmm.app;

/// What Ctrl-A and one more key do on a terminal. QEMU's keys, and P.
enum EscapeKey {
    QUIT('x', "X", "ends the machine"),
    HELP('h', "H", "shows these keys"),
    MONITOR('c', "C", "is QEMU's monitor, which is not here"),
    PAUSE('p', "P", "pauses the machine, or lets it go on"),
    SEND('\1', "A", "sends Ctrl-A to the guest");

    /// Ctrl-A.
    static final byte PREFIX = 1;

    private final char key;
    private final String label;
    private final String description;

    EscapeKey(char key, String label, String description) {
        this.key = key;
        this.label = label;
        this.description = description;
    }

    String label() {
        return label;
    }

    String description() {
        return description;
    }

    /// Whether this key was pressed; capital letters and Ctrl-A A count too.
    boolean matches(byte pressed) {
        return Character.toLowerCase((char) (pressed & 0xFF)) == key
                || this == SEND && (pressed == 'a' || pressed == 'A');
    }
}
