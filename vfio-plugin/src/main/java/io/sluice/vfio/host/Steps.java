package io.sluice.vfio.host;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The inner steps at which a state-changing request of one host may fail, so that tests can make each of them fail.
///
/// A room calls [#pass] right before it takes something that can run out: memory, a place in a table, a hardware
/// resource. Paths that give back have no steps, for they cannot fail. Any thread; while nothing is armed, a step costs
/// one read.
public final class Steps {
    private volatile boolean armed;
    private @Nullable String name;
    private long left;
    private Errno errno = Errno.ENOMEM;
    private final List<String> passed = new ArrayList<>();

    /// Passes a step, by name as `iommufd.ioas_map.area`.
    ///
    /// @throws HostException if this is the step that is to fail
    public void pass(String step) {
        if (armed) {
            passArmed(step);
        }
    }

    private synchronized void passArmed(String step) {
        if (!armed) {
            return;
        }
        passed.add(step);
        if ((name == null || name.equals(step)) && left > 0 && --left == 0) {
            throw new HostException(errno, "step " + step + " was made to fail");
        }
    }

    /// Makes the `n`-th step from now fail, whatever its name, with ENOMEM.
    public void failNth(long n) {
        fail(null, n, Errno.ENOMEM);
    }

    /// Makes the `n`-th pass of the step `name` fail. Steps before and after it succeed.
    ///
    /// @param name null for any step
    /// @param n counts from 1; 0 to note what is passed and fail nothing
    public synchronized void fail(@Nullable String name, long n, Errno errno) {
        this.name = name;
        this.left = n;
        this.errno = errno;
        passed.clear();
        armed = true;
    }

    /// Nothing fails any more.
    ///
    /// @return the steps that were passed since [#fail], the failed one included, in their order
    public synchronized List<String> disarm() {
        armed = false;
        var steps = List.copyOf(passed);
        passed.clear();
        return steps;
    }
}
