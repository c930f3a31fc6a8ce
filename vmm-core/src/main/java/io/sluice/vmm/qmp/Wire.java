package io.sluice.vmm.qmp;

/// The connection under a session. Runs on the loop.
interface Wire {
    /// Sends the first `length` bytes, which are copied.
    void write(byte[] bytes, int length);

    /// Whether so much waits to be sent that no more should be made.
    boolean isFull();

    /// Whether more is to be read.
    void read(boolean wanted);

    /// Runs `task` once all is sent that was written, or never can be.
    void afterWrites(Runnable task);

    /// Ends the connection; nothing more comes from it.
    void close();

    /// Who is told what happens on a wire.
    interface Listener {
        void received(byte[] bytes, int length);

        /// It is not full any more.
        void drained();

        /// It has ended.
        void closed();
    }
}
