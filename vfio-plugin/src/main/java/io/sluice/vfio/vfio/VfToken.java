package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The secret of a physical function and those who have its virtual ones: who opens either shows it, so that nobody
/// uses a function beside a neighbour who can disturb it without having agreed to. Any thread.
///
/// It lasts as long as the physical function has its driver, also while nobody has it open.
public final class VfToken {
    private UUID secret = UUID.randomUUID();
    private int users;

    /// The user of the physical function sets it (feature PCI_VF_TOKEN).
    public synchronized void set(UUID token) {
        secret = token;
    }

    /// Opens the physical function.
    ///
    /// @throws HostException EACCES without the secret while somebody has a virtual function
    public synchronized void checkPhysical(@Nullable UUID token) {
        if (users > 0 && !secret.equals(token)) {
            throw refuse();
        }
        if (users == 0 && token != null) {
            secret = token;
        }
    }

    /// Opens a virtual function.
    ///
    /// @throws HostException EACCES without the secret
    public synchronized void checkVirtual(@Nullable UUID token) {
        if (!secret.equals(token)) {
            throw refuse();
        }
    }

    /// Somebody has a virtual function open, or has it no longer.
    public synchronized void use(boolean on) {
        users += on ? 1 : -1;
    }

    private static HostException refuse() {
        return new HostException(Errno.EACCES, "the token of the physical function is wrong or missing");
    }
}
