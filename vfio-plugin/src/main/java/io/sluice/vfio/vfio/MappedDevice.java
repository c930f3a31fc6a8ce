package io.sluice.vfio.vfio;

import io.sluice.vmm.bus.BusDevice;

/// A region that is a device of the host: what whoever maps it reaches, without vfio or its driver between. Used inside
/// the vfio device's strand, which is the host device's too. While the device does not answer (its decoding is off, it
/// is reset, asleep or gone) reads are all ones and writes are dropped, where a process would get SIGBUS.
///
/// @param deferred posted writes go to the strand's loop always: for doorbells
public record MappedDevice(BusDevice device, boolean deferred) {}
