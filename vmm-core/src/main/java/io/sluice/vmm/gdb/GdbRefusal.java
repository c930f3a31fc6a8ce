package io.sluice.vmm.gdb;

/// A request that is answered with an error. Without stack trace: what a client sends is no failure of ours.
final class GdbRefusal extends RuntimeException {
    final GdbError error;

    GdbRefusal(GdbError error) {
        super(error.reply(), null, false, false);
        this.error = error;
    }

    static GdbRefusal invalid() {
        return new GdbRefusal(GdbError.INVALID);
    }
}
