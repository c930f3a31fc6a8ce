package io.sluice.vfio.guest;

import io.sluice.vfio.vfio.VfioDevice;

/// The time for which the guest has its device: until the file is closed that it came by. Who has it after that is
/// somebody else, so the guest's function finds nothing there for ever. Inside the device's strand.
final class Tenure {
    private final VfioDevice device;
    private final int session;

    Tenure(VfioDevice device) {
        this.device = device;
        this.session = device.session();
    }

    boolean isOver() {
        return device.session() != session;
    }
}
