package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.pci.HostFunction;

/// Who a function is for its user. A virtual function's own registers do not say.
///
/// @param isVirtual whether vendor and device id are from here
/// @param hasIntx whether its pin is wired to something
record Identity(boolean isVirtual, int vendor, int device, boolean hasIntx) {
    /// As the host's kernel knows the function.
    static Identity of(HostFunction function, int pin) {
        return new Identity(
                function.isVirtual(), function.vendor(), function.device(), !function.isVirtual() && pin != 0);
    }
}
