package io.sluice.vmm.bus;

/// What only passes transactions on, as the host bridge's configuration window does.
///
/// It runs on the requester's thread and in no strand, several threads at once, so it may itself enter the strand
/// of the device behind it and wait there. Its own state is volatile.
public abstract class BusBridge implements BusDevice {}
