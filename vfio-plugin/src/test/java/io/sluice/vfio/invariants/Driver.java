package io.sluice.vfio.invariants;

/// Makes calls. The same interface for all drivers, whatever product they drive.
public interface Driver {
    Outcome drive(long seed, long most);
}
