package io.sluice.vfio.host.auxiliary;

import io.sluice.vfio.host.pci.HostFunction;
import org.jspecify.annotations.Nullable;

/// A part of a device. Its DMA is its parent's, by the parent's requester id and domain.
public final class AuxiliaryDevice {
    private final HostFunction parent;
    private final String match;
    private final int number;
    private final Object port;
    private volatile @Nullable AuxiliaryDriver driver;
    private boolean changing;
    private boolean gone;

    AuxiliaryDevice(HostFunction parent, String match, int number, Object port) {
        this.parent = parent;
        this.match = match;
        this.number = number;
        this.port = port;
    }

    public HostFunction parent() {
        return parent;
    }

    /// What drivers take it by: the parent's driver and what kind of part it is.
    public String match() {
        return match;
    }

    /// As [#match], and its number.
    public String name() {
        return match + "." + number;
    }

    /// What the parent's driver hands to the part's.
    public Object port() {
        return port;
    }

    public @Nullable AuxiliaryDriver driver() {
        return driver;
    }

    synchronized boolean begin() {
        if (changing || gone) {
            return false;
        }
        changing = true;
        return true;
    }

    /// Ends a change.
    ///
    /// @return whether it stands; if not, the part has gone meanwhile, and nobody has it
    synchronized boolean end(@Nullable AuxiliaryDriver now) {
        changing = false;
        driver = gone ? null : now;
        return !gone;
    }

    /// Nobody gets it any more. If a change is under way, who makes it will find out at its end.
    ///
    /// @return the driver that has to give it up
    synchronized @Nullable AuxiliaryDriver leave() {
        gone = true;
        var had = changing ? null : driver;
        driver = null;
        return had;
    }

    @Override
    public String toString() {
        return name();
    }
}
