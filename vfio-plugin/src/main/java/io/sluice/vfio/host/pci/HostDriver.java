package io.sluice.vfio.host.pci;

/// A driver of the host's kernel. Called without a lock held, for one function by one thread at a time.
public interface HostDriver {
    /// What sysfs calls it.
    String name();

    /// Whether it takes the function unasked. One that is named as the function's override is not asked.
    boolean matches(HostFunction function);

    /// Whether it looks after the function's domain itself, as vfio does. Any other works in the default domain, and so
    /// uses the group natively.
    default boolean managesDma() {
        return false;
    }

    /// Whether virtual functions can be enabled while it has the physical one.
    default boolean enablesVfs() {
        return false;
    }

    /// Takes the function.
    ///
    /// @throws HostException if it cannot
    void probe(HostFunction function);

    /// Gives the function up, at once: nothing of the driver's touches it any more when this returns. Cannot fail, and
    /// waits for nobody.
    void remove(HostFunction function);
}
