package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.irq.MsiTarget;
import io.sluice.vmm.pci.DmaRuns;
import io.sluice.vmm.pci.DmaTarget;
import io.sluice.vmm.pci.LittleEndian;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Where the requests of one function go: to a peer if something below the IOMMU turns them round, else to the IOMMU;
/// nowhere while that does not know the function. On the function's strand; takes no lock.
final class HostDma implements DmaTarget, MsiTarget, Supplier<@Nullable IommuDevice> {
    private final PeerRouting peers;
    private final byte[] message = new byte[4];
    private @Nullable HostFunction function;
    private volatile @Nullable IommuDevice device;

    HostDma(PeerRouting peers) {
        this.peers = peers;
    }

    /// Said once, before the function sends anything.
    void serve(HostFunction sender) {
        function = sender;
    }

    void use(@Nullable IommuDevice known) {
        device = known;
    }

    /// A request with a PASID leaves the function only if it has been told to send such.
    private static boolean sends(HostFunction function, @Nullable Pasid pasid) {
        return pasid == null || Isolation.sendsPasids(function);
    }

    @Override
    public boolean read(Bdf requester, @Nullable Pasid pasid, Iova from, byte[] target, int offset, int length) {
        var sender = function;
        if (sender == null || !sends(sender, pasid)) {
            Arrays.fill(target, offset, offset + length, (byte) -1);
            return false;
        }
        if (!peers.mayTurn(sender)) {
            return readUp(pasid, from.bits(), target, offset, length);
        }
        int done = 0;
        while (done < length) {
            long at = from.bits() + done;
            int piece = peers.piece(at, length - done);
            boolean read = peers.turns(sender, at)
                    ? peers.read(sender, at, target, offset + done, piece)
                    : readUp(pasid, at, target, offset + done, piece);
            if (!read) {
                Arrays.fill(target, offset + done, offset + length, (byte) -1);
                return false;
            }
            done += piece;
        }
        return true;
    }

    private boolean readUp(@Nullable Pasid pasid, long iova, byte[] target, int offset, int length) {
        var known = device;
        if (known == null) {
            Arrays.fill(target, offset, offset + length, (byte) -1);
            return false;
        }
        return known.dma().read(number(pasid), iova, target, offset, length);
    }

    @Override
    public boolean write(Bdf requester, @Nullable Pasid pasid, Iova to, byte[] source, int offset, int length) {
        var sender = function;
        if (sender == null || !sends(sender, pasid)) {
            return false;
        }
        if (!peers.mayTurn(sender)) {
            return writeUp(pasid, to.bits(), source, offset, length);
        }
        int done = 0;
        while (done < length) {
            long at = to.bits() + done;
            int piece = peers.piece(at, length - done);
            boolean written = peers.turns(sender, at)
                    ? peers.write(sender, at, source, offset + done, piece)
                    : writeUp(pasid, at, source, offset + done, piece);
            if (!written) {
                return false;
            }
            done += piece;
        }
        return true;
    }

    private boolean writeUp(@Nullable Pasid pasid, long iova, byte[] source, int offset, int length) {
        var known = device;
        return known != null && known.dma().write(number(pasid), iova, source, offset, length);
    }

    private static int number(@Nullable Pasid pasid) {
        return pasid == null ? 0 : pasid.value();
    }

    @Override
    public boolean access(Bdf requester, @Nullable Pasid pasid, DmaRuns list, boolean write, Runnable use) {
        var sender = function;
        var known = device;
        if (sender == null || known == null || !sends(sender, pasid)) {
            list.startRuns();
            return false;
        }
        return peers.mayTurn(sender) && turnsSomewhere(sender, list)
                ? DmaTarget.super.access(requester, pasid, list, write, use)
                : known.dma().access(number(pasid), list, write, use);
    }

    private boolean turnsSomewhere(HostFunction sender, DmaRuns list) {
        for (int i = 0; i < list.pieces(); i++) {
            long at = list.iova(i).bits();
            int left = list.pieceLength(i);
            while (left > 0) {
                if (peers.turns(sender, at)) {
                    return true;
                }
                int piece = peers.piece(at, left);
                at += piece;
                left -= piece;
            }
        }
        return false;
    }

    /// A message-signalled interrupt is a memory write like any other; what lies at the interrupt window makes it one.
    @Override
    public void write(long address, int data) {
        var sender = function;
        if (sender == null) {
            return;
        }
        LittleEndian.put(message, 0, 4, data);
        if (peers.mayTurn(sender) && peers.turns(sender, address)) {
            peers.write(sender, address, message, 0, 4);
        } else {
            writeUp(null, address, message, 0, 4);
        }
    }

    /// How the IOMMU knows the function; null while it does not. Any thread.
    @Override
    public @Nullable IommuDevice get() {
        return device;
    }
}
