package io.sluice.vfio.guest;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.pci.Msi;
import io.sluice.vmm.pci.Msix;
import io.sluice.vmm.pci.PciFunction;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Brings the device's interrupts to the guest's function: what the guest turns on in its function is asked of the
/// device by SET_IRQS, and what the device signals the function sends. Inside the device's strand, which is the
/// function's too.
///
/// INTx: the device signals and is masked, the guest's line goes up. After each access that the guest makes to a BAR
/// while the line is up, the device is unmasked; if it does not signal again at once, the line goes down. A handler
/// touches its device to quiet it, so the line falls with the access that removes the cause, and not before.
///
/// MSI-X: the table that the guest writes is its function's own, and what is masked there is pending there. A vector is
/// asked of the device when the guest first opens it.
final class GuestInterrupts {
    private static final SetIrqs UNMASK = SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1);

    private final VfioDevice device;
    private final Tenure tenure;
    private final boolean hasIntx;
    private final BitSet asked = new BitSet();
    private @Nullable PciFunction function;
    private boolean up;

    GuestInterrupts(VfioDevice device, boolean hasIntx) {
        this.device = device;
        this.tenure = new Tenure(device);
        this.hasIntx = hasIntx;
    }

    /// The function is made; from now on the device is heard.
    void serve(PciFunction made) {
        function = made;
        var msi = made.msi();
        if (msi != null) {
            msi.onEnableChange(() -> switched(msi));
        }
        var msix = made.msix();
        if (msix != null) {
            msix.onEnableChange(() -> switched(msix));
            msix.onUse(vector -> used(msix, vector));
        }
        useIntx();
    }

    /// @return whether the device does as it was asked
    private boolean ask(SetIrqs request) {
        try {
            return !tenure.isOver() && device.setIrqs(request) == 0;
        } catch (HostException e) {
            return false;
        }
    }

    private void drop(VfioIrq irq) {
        ask(SetIrqs.none(SetIrqs.ACTION_TRIGGER, irq, 0, 0));
    }

    private void useIntx() {
        var here = function;
        if (hasIntx && here != null && !here.usesMessages()) {
            ask(SetIrqs.trigger(VfioIrq.INTX, 0, this::raise));
        }
    }

    private void leaveIntx() {
        if (hasIntx) {
            drop(VfioIrq.INTX);
            up = false;
            level(false);
        }
    }

    /// The guest turned MSI on or off. Only one kind is in use at a time; MSI-X is, if both are on.
    private void switched(Msi msi) {
        if (msi.enabled()) {
            leaveIntx();
            // A host that has fewer gives those: the device uses the last one for the rest.
            int count = msi.vectors();
            while (count > 0 && !listen(msi, count)) {
                count /= 2;
            }
        } else {
            drop(VfioIrq.MSI);
            useIntx();
        }
    }

    private boolean listen(Msi msi, int count) {
        var eventfds = IntStream.range(0, count)
                .mapToObj(vector -> (Eventfd) () -> msi.notify(vector))
                .toArray(Eventfd[]::new);
        return ask(SetIrqs.trigger(VfioIrq.MSI, 0, eventfds));
    }

    private void switched(Msix msix) {
        asked.clear();
        if (!msix.enabled()) {
            drop(VfioIrq.MSIX);
            useIntx();
            return;
        }
        leaveIntx();
        boolean grows = (device.irqInfo(VfioIrq.MSIX.ordinal()).flags() & VfioIrq.Info.NORESIZE) == 0;
        // One vector at least, so that the device knows that it is to send messages; masked ones pend in it.
        int now = grows ? 1 : msix.vectors();
        var eventfds = IntStream.range(0, now)
                .mapToObj(vector -> (Eventfd) () -> msix.notify(vector))
                .toArray(Eventfd[]::new);
        if (ask(SetIrqs.trigger(VfioIrq.MSIX, 0, eventfds))) {
            asked.set(0, now);
        }
    }

    /// The guest can be sent messages of this vector.
    private void used(Msix msix, int vector) {
        if (!asked.get(vector)) {
            asked.set(vector); // asked once: a host without vectors is not asked at each access
            ask(SetIrqs.trigger(VfioIrq.MSIX, vector, () -> msix.notify(vector)));
        }
    }

    private void raise() {
        up = true;
        level(true);
    }

    private void level(boolean asserted) {
        var here = function;
        if (here != null) {
            here.intx(asserted);
        }
    }

    /// The guest has touched the device.
    void accessed() {
        if (up) {
            resample();
        }
    }

    /// Lets the device say again whether it still asserts its pin.
    void resample() {
        if (!up) {
            return;
        }
        up = false;
        ask(UNMASK);
        if (!up) {
            level(false);
        }
    }
}
