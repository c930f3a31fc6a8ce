package io.sluice.vmm.plugin;

/// A device or an object was refused; the message is for the user, in QEMU's words where it has some.
public final class PluginException extends RuntimeException {
    /// What kind of refusal it is, as a control client is told.
    public enum Kind {
        GENERIC,
        /// What was named does not exist.
        DEVICE_NOT_FOUND
    }

    private final Kind kind;

    public PluginException(String message) {
        this(Kind.GENERIC, message);
    }

    public PluginException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public PluginException(String message, Throwable cause) {
        super(message, cause);
        this.kind = Kind.GENERIC;
    }

    public static PluginException deviceNotFound(String id) {
        return new PluginException(Kind.DEVICE_NOT_FOUND, "Device '" + id + "' not found");
    }

    public Kind kind() {
        return kind;
    }
}
