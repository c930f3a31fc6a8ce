package io.sluice.vfio.vfio;

/// What a device signals: the user's end of an interrupt. Called inside the device's strand; never blocks.
@FunctionalInterface
public interface Eventfd {
    void signal();
}
