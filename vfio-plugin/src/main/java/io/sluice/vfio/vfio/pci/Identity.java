package io.sluice.vfio.vfio.pci;

/// Who a function is for its user. A virtual function's own registers do not say.
///
/// @param isVirtual whether vendor and device id are from here
/// @param hasIntx whether its pin is wired to something
public record Identity(boolean isVirtual, int vendor, int device, boolean hasIntx) {
    /// A function that says itself who it is, with its pin.
    public static final Identity PHYSICAL = new Identity(false, 0, 0, true);

    /// One of the virtual functions of an SR-IOV device; these have no pin.
    public static Identity virtual(int vendor, int device) {
        return new Identity(true, vendor, device, false);
    }
}
