package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.LinkedHashMap;
import java.util.Map;

/// Eventfds that write to a BAR when they are signalled. Inside the device's strand.
final class Ioeventfds {
    static final int MOST = 1000;

    private static final int LAST_BAR = 5;

    private final VfioDevice device;
    private final Map<Place, Writer> writers = new LinkedHashMap<>();

    /// What is written, and where.
    private record Place(int region, long offset, int size, long data) {}

    /// An eventfd at work.
    private final class Writer implements Runnable {
        private final Place place;
        private final Eventfd eventfd;
        private boolean live = true;

        Writer(Place place, Eventfd eventfd) {
            this.place = place;
            this.eventfd = eventfd;
        }

        /// On the thread of whoever signals.
        @Override
        public void run() {
            device.strand().defer(this::write);
        }

        private void write() {
            if (live) {
                device.store(place.region, place.offset, place.size, place.data);
            }
        }

        void stop() {
            live = false;
            eventfd.ignore(this);
        }
    }

    Ioeventfds(VfioDevice device) {
        this.device = device;
    }

    /// @throws HostException EINVAL for a place where there can be none, EEXIST if it is there, ENOSPC if there are too
    ///     many
    void add(int flags, long position, long data, Eventfd eventfd) {
        var place = place(flags, position, data);
        if (writers.containsKey(place)) {
            throw new HostException(Errno.EEXIST, "an ioeventfd is there");
        }
        if (writers.size() >= MOST) {
            throw new HostException(Errno.ENOSPC, "too many ioeventfds");
        }
        var writer = new Writer(place, eventfd);
        eventfd.listen(writer);
        writers.put(place, writer);
    }

    /// @throws HostException EINVAL for a place where there can be none, ENODEV if it is not there
    void remove(int flags, long position, long data) {
        var writer = writers.remove(place(flags, position, data));
        if (writer == null) {
            throw new HostException(Errno.ENODEV, "no such ioeventfd");
        }
        writer.stop();
    }

    void clear() {
        writers.values().forEach(Writer::stop);
        writers.clear();
    }

    int count() {
        return writers.size();
    }

    /// @param flags the size in bytes; those of 8 bytes are refused
    private Place place(int flags, long position, long data) {
        if (flags != 1 && flags != 2 && flags != 4) {
            throw new HostException(Errno.EINVAL, "an ioeventfd of " + flags + " bytes");
        }
        int region = VfioRegion.index(position);
        long offset = VfioRegion.offset(position);
        if (region < 0
                || region > LAST_BAR
                || offset > device.regionInfo(region).size() - flags
                || !device.ops().takesIoeventfd(region, offset, flags)) {
            throw new HostException(Errno.EINVAL, "no ioeventfd can be there");
        }
        return new Place(region, offset, flags, data);
    }
}
