package io.sluice.vfio.vfio;

/// How a driver moves its device to another machine. Inside the device's strand; never blocks.
public interface MigrationOps {
    /// It has STOP_COPY and RESUMING: every device that migrates has.
    int STOP_COPY = 1;

    /// It has RUNNING_P2P.
    int P2P = 2;

    /// It has PRE_COPY.
    int PRE_COPY = 4;

    /// Does not change.
    int flags();

    /// About how many bytes its state has if it were stopped now.
    long stopCopyLength();

    /// Goes along one arc of the state machine, before [#preCopy], [#stopCopy] or [#loader] are asked.
    ///
    /// @throws HostException why it cannot; it is where it was, unless [#isBroken]
    default void arc(MigrationState from, MigrationState to) {}

    /// Whether an arc that failed has left the device in no state at all.
    default boolean isBroken() {
        return false;
    }

    /// What of its state can be read while it runs.
    default byte[] preCopy() {
        return new byte[0];
    }

    /// Its state; it is frozen. Cannot fail.
    ///
    /// @param rest whether what [#preCopy] gave has been offered already and is left out
    byte[] stopCopy(boolean rest);

    /// Takes a state that somebody else has saved.
    Loader loader();

    /// A state that comes in. What comes is not trusted.
    interface Loader {
        /// More of it.
        ///
        /// @throws HostException why it is not taken
        void write(byte[] source, int offset, int length);

        /// That was all: the device becomes what it says.
        ///
        /// @throws HostException EINVAL if it is not whole; then the device is as it was
        void finish();
    }
}
