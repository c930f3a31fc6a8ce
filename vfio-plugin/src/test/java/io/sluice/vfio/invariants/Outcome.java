package io.sluice.vfio.invariants;

/// What a run came to. The same class for all drivers, whatever product they drive.
///
/// @param seed begins the same run again
/// @param calls how many there were
/// @param text what was wrong, and the last calls; empty if nothing was
public record Outcome(long seed, long calls, Kind kind, String text) {
    public enum Kind {
        /// The host did as the model says, all along.
        AGREED,
        /// It did not.
        DIFFERED,
        /// Something was thrown that is no answer of the host, nor the model's verdict.
        CRASHED
    }

    @Override
    public String toString() {
        return "seed " + seed + ", call " + calls + " " + kind + ": " + text;
    }
}
