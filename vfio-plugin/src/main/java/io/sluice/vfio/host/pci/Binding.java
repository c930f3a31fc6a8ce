package io.sluice.vfio.host.pci;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which driver has a function. One change at a time; whoever finds one under way is refused, and nobody waits.
final class Binding {
    private volatile @Nullable HostDriver driver;
    private volatile @Nullable String override;
    private boolean changing;
    private boolean closed;
    private final List<Runnable> dependents = new ArrayList<>();

    @Nullable
    HostDriver driver() {
        return driver;
    }

    @Nullable
    String override() {
        return override;
    }

    void override(@Nullable String name) {
        override = name;
    }

    /// Begins a change; `false` if one is under way, or nothing may change any more.
    synchronized boolean begin() {
        if (changing || closed) {
            return false;
        }
        changing = true;
        return true;
    }

    /// Ends a change.
    synchronized void end(@Nullable HostDriver now) {
        driver = now;
        changing = false;
    }

    /// Ends the last change: no driver takes the function any more.
    synchronized void endForEver() {
        driver = null;
        closed = true;
        changing = false;
    }

    /// Has `gone` run when the driver that has the function now gives it up; what came last goes first.
    synchronized void whenUnbound(Runnable gone) {
        dependents.add(gone);
    }

    synchronized List<Runnable> takeDependents() {
        var all = List.copyOf(dependents).reversed();
        dependents.clear();
        return all;
    }
}
