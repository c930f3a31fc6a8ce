package io.sluice.vmm.plugin;

/// A device or an object was refused; the message is for the user, in QEMU's words where it has some.
public final class PluginException extends RuntimeException {
    public PluginException(String message) {
        super(message);
    }

    public PluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
