package io.sluice.vfio.host.pci;

/// The description of a host is wrong. The message is one line that says where, what, and what to do.
public final class HostConfigException extends RuntimeException {
    HostConfigException(String where, String what) {
        super("host topology: " + (where.isEmpty() ? "" : where + ": ") + what);
    }
}
