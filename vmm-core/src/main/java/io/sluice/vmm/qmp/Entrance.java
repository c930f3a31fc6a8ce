package io.sluice.vmm.qmp;

import java.util.concurrent.CompletableFuture;

/// How clients come to one endpoint.
interface Entrance {
    /// Opens it, on the loop. The future has the real address, or a [QmpOpenException].
    CompletableFuture<QmpAddress> open();

    /// No more clients come; on the loop.
    void close();

    /// Removes what was made in the file system. Any thread, any number of times.
    void removeFile();

    /// Who is brought the clients, on the loop.
    interface Host {
        /// Whether one more client can be had; if not, it is to be turned away.
        boolean hasRoom();

        /// A client is there.
        ///
        /// @return who listens to its wire; [#welcome] comes next
        Session arrived(Wire wire);

        /// The wire listens now.
        void welcome(Session session);
    }
}
