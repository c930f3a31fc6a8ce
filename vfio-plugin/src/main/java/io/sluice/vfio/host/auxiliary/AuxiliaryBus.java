package io.sluice.vfio.host.auxiliary;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.pci.HostFunction;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Parts of devices and who has them. Any thread; drivers are called without a lock held.
public final class AuxiliaryBus {
    private static final int LONGEST_NAME = 32;
    private static final int MOST_PARTS = 1 << 12;

    private final Steps steps;
    /// Both guarded by this.
    private final List<AuxiliaryDevice> parts = new ArrayList<>();

    private final List<AuxiliaryDriver> drivers = new ArrayList<>();

    public AuxiliaryBus(Steps steps) {
        this.steps = steps;
    }

    public synchronized List<AuxiliaryDevice> parts() {
        return List.copyOf(parts);
    }

    private synchronized List<AuxiliaryDriver> drivers() {
        return List.copyOf(drivers);
    }

    /// Adds a part of a device, for the driver that has the device; it goes when that gives the device up. A driver
    /// that takes such parts gets it.
    ///
    /// @param kind what it is, as `rdma`
    /// @param port what its driver gets to deal with it
    /// @throws HostException ENODEV if no driver has the parent; EINVAL if the name is none; ENOSPC if there are too
    ///     many
    public AuxiliaryDevice add(HostFunction parent, String owner, String kind, Object port) {
        if (!owner.matches("[a-z][a-z0-9_]*") || !kind.matches("[a-z][a-z0-9_-]*")) {
            throw new HostException(Errno.EINVAL, owner + "." + kind + " is no name");
        }
        var match = owner + "." + kind;
        if (match.length() > LONGEST_NAME) {
            throw new HostException(Errno.EINVAL, match + " is too long");
        }
        if (parent.isGone()) {
            throw new HostException(Errno.ENODEV, parent + " is gone");
        }
        steps.pass("host.aux.add.part");
        AuxiliaryDevice part;
        synchronized (this) {
            if (parts.size() == MOST_PARTS) {
                throw new HostException(Errno.ENOSPC, "there are " + MOST_PARTS + " parts of devices");
            }
            part = new AuxiliaryDevice(parent, match, free(match), port);
            parts.add(part);
        }
        parent.whenUnbound(() -> remove(part));
        offer(part);
        return part;
    }

    private int free(String match) {
        int number = 0;
        while (isTaken(match + "." + number)) {
            number++;
        }
        return number;
    }

    private boolean isTaken(String name) {
        return parts.stream().anyMatch(part -> part.name().equals(name));
    }

    /// Takes a part away, from its driver first. One that is gone already is left alone.
    public void remove(AuxiliaryDevice part) {
        var driver = part.leave();
        if (driver != null) {
            driver.remove(part);
        }
        synchronized (this) {
            parts.remove(part);
        }
    }

    /// Adds a driver; it gets what is free and matches.
    ///
    /// @throws HostException EBUSY if there is one of that name
    public void register(AuxiliaryDriver driver) {
        steps.pass("host.aux.register.driver");
        synchronized (this) {
            if (drivers.stream().anyMatch(other -> other.name().equals(driver.name()))) {
                throw new HostException(Errno.EBUSY, "there is a driver " + driver.name());
            }
            drivers.add(driver);
        }
        parts().forEach(this::offer);
    }

    /// Takes a driver away from everything it has, and then away.
    public void unregister(AuxiliaryDriver driver) {
        synchronized (this) {
            drivers.remove(driver);
        }
        for (var part : parts()) {
            if (driver.equals(part.driver()) && part.begin()) {
                driver.remove(part);
                part.end(null);
            }
        }
    }

    private void offer(AuxiliaryDevice part) {
        for (var driver : drivers()) {
            if (part.driver() == null && driver.ids().contains(part.match()) && part.begin()) {
                var taker = probed(driver, part);
                if (!part.end(taker) && taker != null) {
                    taker.remove(part);
                }
            }
        }
    }

    /// The driver, if it takes the part; else the next one may.
    private @Nullable AuxiliaryDriver probed(AuxiliaryDriver driver, AuxiliaryDevice part) {
        try {
            steps.pass("host.aux.bind.driver");
            driver.probe(part);
            return driver;
        } catch (HostException refused) {
            return null;
        }
    }
}
