package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// The drivers of the host, and who has what. Any thread; a driver is called without a lock held, and who asks for a
/// change of a function that is being changed gets EBUSY and does not wait.
public final class HostDrivers {
    private final Steps steps;
    private final List<HostDriver> drivers = new CopyOnWriteArrayList<>();
    private final VirtualFunctions.Switch vfs;

    HostDrivers(Steps steps, VirtualFunctions.Switch vfs) {
        this.steps = steps;
        this.vfs = vfs;
    }

    /// Adds a driver; it gets what is free and matches.
    ///
    /// @throws HostException EBUSY if there is one of that name
    public void register(HostDriver driver, List<HostFunction> functions) {
        steps.pass("host.pci.register.driver");
        synchronized (this) {
            if (find(driver.name()) != null) {
                throw new HostException(Errno.EBUSY, "there is a driver " + driver.name());
            }
            drivers.add(driver);
        }
        functions.forEach(this::offer);
    }

    /// Takes a driver away from everything it has, and then away.
    public void unregister(HostDriver driver, List<HostFunction> functions) {
        drivers.remove(driver);
        for (var function : functions) {
            if (driver.equals(function.driver())) {
                unbind(function);
            }
        }
    }

    public @Nullable HostDriver find(String name) {
        return drivers.stream()
                .filter(driver -> driver.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    /// Says which driver alone may have the function; null for any that matches. What has it now keeps it.
    public void override(HostFunction function, @Nullable String name) {
        function.binding().override(name);
    }

    private static boolean mayHave(HostDriver driver, HostFunction function) {
        var only = function.driverOverride();
        return only == null ? driver.matches(function) : only.equals(driver.name());
    }

    /// Offers a free function to the drivers, and leaves it free if none can take it.
    public void offer(HostFunction function) {
        for (var driver : drivers) {
            if (function.driver() == null && mayHave(driver, function)) {
                try {
                    bind(function, driver.name());
                } catch (HostException refused) {
                    // The next one may be able to.
                    continue;
                }
            }
        }
    }

    /// Gives a function to a driver.
    ///
    /// @throws HostException ENODEV if the driver may not have it, or either is not there; EBUSY if another has it, or
    ///     the group is owned and the driver works in the default domain; else why the driver cannot take it
    public void bind(HostFunction function, String name) {
        var driver = find(name);
        if (driver == null || !mayHave(driver, function)) {
            throw new HostException(Errno.ENODEV, name + " does not take " + function);
        }
        var binding = function.binding();
        if (!binding.begin()) {
            throw new HostException(
                    function.isGone() ? Errno.ENODEV : Errno.EBUSY, function + " is being given away or taken away");
        }
        var had = function.driver();
        var now = had;
        try {
            if (had != null) {
                throw new HostException(Errno.EBUSY, had.name() + " has " + function);
            }
            take(function, driver);
            now = driver;
        } finally {
            binding.end(now);
        }
    }

    private void take(HostFunction function, HostDriver driver) {
        steps.pass("host.pci.bind.driver");
        if (!driver.managesDma()) {
            function.group().useNatively();
        }
        boolean taken = false;
        try {
            driver.probe(function);
            taken = true;
        } finally {
            if (!taken) {
                dropDependents(function);
                if (!driver.managesDma()) {
                    function.group().dropNative();
                }
            }
        }
    }

    /// Takes a function from its driver.
    ///
    /// @throws HostException ENODEV if none has it; EBUSY if it is being given away or taken away
    public void unbind(HostFunction function) {
        var binding = function.binding();
        if (!binding.begin()) {
            throw new HostException(Errno.EBUSY, function + " is being given away or taken away");
        }
        var driver = function.driver();
        if (driver == null) {
            binding.end(null);
            throw new HostException(Errno.ENODEV, "no driver has " + function);
        }
        var left = driver;
        try {
            vfs.disable(function);
            drop(function, driver);
            left = null;
        } finally {
            binding.end(left);
        }
    }

    /// For functions that go: no driver has them, or gets them, from now on; the last one goes first.
    ///
    /// @throws HostException EBUSY if one is being given away or taken away; then all stay as they are
    void unbindForEver(List<HostFunction> functions) {
        int begun = 0;
        try {
            for (; begun < functions.size(); begun++) {
                if (!functions.get(begun).binding().begin()) {
                    throw new HostException(Errno.EBUSY, functions.get(begun) + " is being given away or taken away");
                }
            }
        } finally {
            if (begun < functions.size()) {
                functions
                        .subList(0, begun)
                        .forEach(function -> function.binding().end(function.driver()));
            }
        }
        for (var function : functions.reversed()) {
            function.markGone();
            var driver = function.driver();
            if (driver != null) {
                drop(function, driver);
            }
            function.binding().endForEver();
        }
    }

    private static void drop(HostFunction function, HostDriver driver) {
        dropDependents(function);
        driver.remove(function);
        function.vfioNumber(-1);
        if (!driver.managesDma()) {
            function.group().dropNative();
        }
    }

    private static void dropDependents(HostFunction function) {
        function.binding().takeDependents().forEach(Runnable::run);
    }
}
