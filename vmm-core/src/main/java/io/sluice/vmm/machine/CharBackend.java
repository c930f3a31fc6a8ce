package io.sluice.vmm.machine;

/// The far end of a serial port or debug console, as the machine sees it. Never blocks.
public interface CharBackend {
    /// Takes a byte from the guest; inside the port's strand.
    ///
    /// @return `false` if there is no room now; [Listener#writable] tells when there is again
    boolean write(byte octet);

    /// Takes the next byte for the guest; inside the port's strand.
    ///
    /// @return the byte as 0 to 255, or -1 if there is none; [Listener#readable] tells when there is again
    int read();

    /// Says who is to be told; once, before the machine runs.
    void listen(Listener listener);

    /// Called on a thread that is in no strand and on no loop.
    interface Listener {
        void readable();

        void writable();
    }

    /// Swallows output and has no input.
    CharBackend NOTHING = new CharBackend() {
        @Override
        public boolean write(byte octet) {
            return true;
        }

        @Override
        public int read() {
            return -1;
        }

        @Override
        public void listen(Listener listener) {}
    };
}
