package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.host.process.Capability;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.User;
import io.sluice.vfio.iommufd.ioas.Account;

/// A process that pays for pages, as it was when it mapped them: what it pins is counted in its memory, and against its
/// limit by user, by memory, or not at all.
final class Payer implements Account {
    enum Mode {
        NONE,
        USER,
        MEMORY
    }

    private static final long PAGE = AddressSpace.PAGE;

    private final Steps steps;
    private final AddressSpace memory;
    private final User user;
    private final long limit;
    private final Mode mode;

    private Payer(Steps steps, AddressSpace memory, User user, long limit, Mode mode) {
        this.steps = steps;
        this.memory = memory;
        this.user = user;
        this.limit = limit;
        this.mode = mode;
    }

    /// @param byMemory whether locked memory is counted by process, not by user
    static Payer of(Process process, boolean byMemory) {
        return new Payer(
                process.kernel().steps(),
                process.memory(),
                process.user(),
                process.memlockLimit() / PAGE,
                mode(process, byMemory));
    }

    private static Mode mode(Process process, boolean byMemory) {
        if (process.has(Capability.IPC_LOCK)) {
            return Mode.NONE;
        }
        return byMemory ? Mode.MEMORY : Mode.USER;
    }

    /// Whether the process would pay just like that.
    boolean isOf(Process process, boolean byMemory) {
        return memory == process.memory() && mode == mode(process, byMemory);
    }

    /// The memory whose process pays.
    AddressSpace memory() {
        return memory;
    }

    @Override
    public void charge(long pages) {
        steps.pass("iommufd.pages.charge");
        if (!lock(pages)) {
            throw new HostException(Errno.ENOMEM, pages + " pages more than the " + limit + " that may be locked");
        }
        memory.chargePinned(pages);
    }

    @Override
    public void giveBack(long pages) {
        unlock(pages);
        memory.chargePinned(-pages);
    }

    private boolean lock(long pages) {
        return switch (mode) {
            case NONE -> true;
            case USER -> user.charge(pages, limit);
            case MEMORY -> lockInMemory(pages);
        };
    }

    private boolean lockInMemory(long pages) {
        synchronized (memory) {
            if (memory.lockedPages() + pages > limit) {
                return false;
            }
            memory.chargeLocked(pages);
            return true;
        }
    }

    private void unlock(long pages) {
        switch (mode) {
            case NONE -> {}
            case USER -> user.charge(-pages, limit);
            case MEMORY -> memory.chargeLocked(-pages);
        }
    }

    // ---- one pays for another

    private boolean sharesUser(Payer other) {
        return mode == Mode.USER && other.mode == Mode.USER && user == other.user;
    }

    /// Charges what another pays now. What both would charge to the same user stays as it is.
    ///
    /// @throws HostException ENOMEM if that is too much
    void takeOver(long pages, Payer from) {
        if (sharesUser(from)) {
            steps.pass("iommufd.pages.charge");
            memory.chargePinned(pages);
        } else {
            charge(pages);
        }
    }

    /// Gives back what another pays now.
    void handOver(long pages, Payer to) {
        if (sharesUser(to)) {
            memory.chargePinned(-pages);
        } else {
            giveBack(pages);
        }
    }
}
