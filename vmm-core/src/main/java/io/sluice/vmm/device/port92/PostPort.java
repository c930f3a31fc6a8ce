package io.sluice.vmm.device.port92;

import io.sluice.vmm.device.ByteDevice;

/// Port 0x80, where firmware shows how far it got and Linux writes to pass a microsecond. Keeps the last code.
public final class PostPort implements ByteDevice {
    public static final int PORT = 0x80;

    private int code;

    @Override
    public int read(int offset) {
        return code;
    }

    @Override
    public void write(int offset, int value) {
        code = value;
    }
}
