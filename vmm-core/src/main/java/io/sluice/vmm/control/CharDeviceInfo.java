package io.sluice.vmm.control;

/// A character device that is no port of the guest's: a control socket's end.
///
/// @param label its name
/// @param filename what it is, as QEMU writes it
public record CharDeviceInfo(String label, String filename) {}
