package io.sluice.vfio.invariants;

/// The host did what the model says it must not, or the other way round.
final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1;

    Broken(String what) {
        super(what);
    }
}
