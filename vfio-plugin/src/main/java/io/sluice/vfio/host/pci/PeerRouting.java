package io.sluice.vfio.host.pci;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.pci.Acs;
import io.sluice.vmm.pci.LittleEndian;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The ways of memory requests below the IOMMU. On its way up a request meets places where it can turn: a device of
/// several functions, a conventional bus, a switch, a port that has its address below it. Where access control
/// redirects
/// requests it goes on; elsewhere it turns as soon as somebody claims the address, and the IOMMU never sees it. This is
/// the reason why those who can be reached so share a group.
///
/// On the sender's strand. Whether a request turns is found out without a lock or garbage.
final class PeerRouting {
    /// Windows of bridges start and end at multiples of this.
    private static final long GRAIN = 1L << 20;

    /// About 100 µs: a peer that is busy for longer lets the read time out, as a completion does.
    private static final int SPINS = 20_000;

    private final AddressSpace memory;

    /// @param memory what functions decode, and bridges let through
    PeerRouting(AddressSpace memory) {
        this.memory = memory;
    }

    /// Whether anything on the way up could turn a request of this function.
    boolean mayTurn(HostFunction from) {
        for (@Nullable HostFunction here = from; here != null; here = here.above()) {
            if (!Isolation.enforces(here, Acs.REQUEST_REDIRECT)) {
                return true;
            }
        }
        return false;
    }

    /// How many of `length` bytes go the same way.
    int piece(long address, int length) {
        long window = GRAIN - (address & GRAIN - 1);
        long claimed = memory.find(address).last() - address + 1;
        long most = claimed > 0 ? Math.min(window, claimed) : window;
        return (int) Math.min(length, most);
    }

    /// Whether a request turns before it reaches the IOMMU.
    boolean turns(HostFunction from, long address) {
        var there = memory.find(address);
        for (@Nullable HostFunction here = from; here != null; here = here.above()) {
            if (!Isolation.enforces(here, Acs.REQUEST_REDIRECT) && turnsAt(here, from, address, there)) {
                return true;
            }
        }
        return false;
    }

    private static boolean turnsAt(HostFunction here, HostFunction from, long address, Mapping there) {
        var bridge = here.bridge();
        if (bridge != null && here != from && bridge.claims(address)) {
            return true;
        }
        for (var peer : here.bus().functions()) {
            if (peer != here && sees(here, peer) && claims(peer, address, there)) {
                return true;
            }
        }
        return false;
    }

    /// Between the functions of one device it is enough if either redirects: the device has one place where it decides.
    /// In a switch the port that a request enters by decides alone.
    private static boolean sees(HostFunction from, HostFunction peer) {
        var bus = from.bus();
        return bus.isConventional()
                || bus.isSwitch()
                || peer.devfn() >> 3 == from.devfn() >> 3 && !Isolation.enforces(peer, Acs.REQUEST_REDIRECT);
    }

    private static boolean claims(HostFunction peer, long address, Mapping there) {
        var bridge = peer.bridge();
        return bridge != null && bridge.claims(address) || peer.pci().barBehind(there) != null;
    }

    // ---- what has turned

    /// Reads from a peer's BAR. A peer that does not answer in time, or is nobody, is all ones.
    ///
    /// @return whether somebody answered
    boolean read(HostFunction from, long address, byte[] target, int offset, int length) {
        var there = memory.find(address);
        if (there instanceof Mapping.Ram && !isSelf(from, there)) {
            return memory.dmaRead(address, target, offset, length);
        }
        if (!(there instanceof Mapping.Device peer) || isSelf(from, peer)) {
            return unclaimed(target, offset, length);
        }
        if (peer.strand() == from.pci().strand()) {
            copy(peer, address, target, offset, length);
            return true;
        }
        for (int i = 0; i < SPINS; i++) {
            if (peer.strand().tryEnter()) {
                try {
                    copy(peer, address, target, offset, length);
                    return true;
                } finally {
                    peer.strand().exit();
                }
            }
            Thread.onSpinWait();
        }
        return unclaimed(target, offset, length);
    }

    private static boolean unclaimed(byte[] target, int offset, int length) {
        Arrays.fill(target, offset, offset + length, (byte) -1);
        return false;
    }

    /// Nobody answers itself.
    private static boolean isSelf(HostFunction from, Mapping peer) {
        return from.pci().barBehind(peer) != null;
    }

    private static void copy(Mapping.Device peer, long address, byte[] target, int offset, int length) {
        int done = 0;
        while (done < length) {
            long at = peer.offset() + (address + done - peer.first());
            int size = width(at, length - done);
            LittleEndian.put(target, offset + done, size, peer.device().read(at, size));
            done += size;
        }
    }

    /// Writes into a peer's BAR; the write is posted, and done on the peer's strand.
    ///
    /// @return whether there is somebody to take it
    boolean write(HostFunction from, long address, byte[] source, int offset, int length) {
        var there = memory.find(address);
        if (there instanceof Mapping.Ram && !isSelf(from, there)) {
            return memory.dmaWrite(address, source, offset, length);
        }
        if (!(there instanceof Mapping.Device peer) || isSelf(from, peer)) {
            return false;
        }
        if (peer.strand() == from.pci().strand()) {
            store(peer, address, source, offset, length);
            return true;
        }
        var bytes = Arrays.copyOfRange(source, offset, offset + length);
        Runnable task = () -> store(peer, address, bytes, 0, length);
        if (peer.deferred()) {
            peer.strand().defer(task);
        } else {
            peer.strand().post(task);
        }
        return true;
    }

    private static void store(Mapping.Device peer, long address, byte[] source, int offset, int length) {
        int done = 0;
        while (done < length) {
            long at = peer.offset() + (address + done - peer.first());
            int size = width(at, length - done);
            peer.device().write(at, size, LittleEndian.get(source, offset + done, size));
            done += size;
        }
    }

    /// The widest access that is aligned and fits.
    private static int width(long at, int left) {
        int size = 8;
        while (size > left || (at & size - 1) != 0) {
            size /= 2;
        }
        return size;
    }
}
