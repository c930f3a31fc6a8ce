package io.sluice.vfio.host.process;

/// A user, to whom locked memory of all his processes may be charged. Any thread.
public final class User {
    private final int id;
    private long locked;

    User(int id) {
        this.id = id;
    }

    public int id() {
        return id;
    }

    /// Pages that are charged to him.
    public synchronized long lockedPages() {
        return locked;
    }

    /// Charges pages, up to a limit.
    ///
    /// @param count gives back if negative, which cannot fail
    /// @param limit pages
    /// @return whether they are charged
    public synchronized boolean charge(long count, long limit) {
        if (count > 0 && locked + count > limit) {
            return false;
        }
        locked += count;
        if (locked < 0) {
            throw new IllegalStateException("user " + id + " gave back more than was charged");
        }
        return true;
    }
}
