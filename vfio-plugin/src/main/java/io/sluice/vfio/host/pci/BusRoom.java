package io.sluice.vfio.host.pci;

/// What a bus has to give to those that come later.
///
/// @param lastBus the last bus number that can be given behind here
record BusRoom(AddressRoom io, AddressRoom memory, AddressRoom prefetchable, int lastBus) {
    static final BusRoom NONE = new BusRoom(AddressRoom.NONE, AddressRoom.NONE, AddressRoom.NONE, 0);

    AddressRoom of(Space space) {
        return switch (space) {
            case IO -> io;
            case MEMORY -> memory;
            case PREFETCHABLE -> prefetchable;
        };
    }

    /// What a bridge has a window for.
    enum Space {
        IO(1L << 12, 4L << 10),
        /// 32 address bits behind a bridge.
        MEMORY(1L << 20, 4L << 20),
        /// 64 address bits.
        PREFETCHABLE(1L << 20, 64L << 20);

        /// What windows are multiples of.
        final long grain;

        /// What is kept behind a bridge for those that come later.
        final long reserve;

        Space(long grain, long reserve) {
            this.grain = grain;
            this.reserve = reserve;
        }
    }
}
