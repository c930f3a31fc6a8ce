package io.sluice.vmm.device.nvme;

import io.sluice.vmm.pci.PciFunction;

/// How completions are told: by MSI-X or MSI, or by the pin while neither is on (NVM Express 1.4 section 7.5.1).
final class Interrupts {
    private static final int MASKABLE = 32;

    private final PciFunction function;
    private final NvmeState state;
    private final Queues queues;

    Interrupts(PciFunction function, NvmeState state, Queues queues) {
        this.function = function;
        this.state = state;
        this.queues = queues;
        var msix = function.msix();
        if (msix != null) {
            msix.onEnableChange(this::settlePin);
        }
        var msi = function.msi();
        if (msi != null) {
            msi.onEnableChange(this::settlePin);
        }
    }

    /// Vectors that a completion queue can have now.
    int vectors() {
        var msix = function.msix();
        if (msix != null && msix.enabled()) {
            return msix.vectors();
        }
        var msi = function.msi();
        return msi != null && msi.enabled() ? msi.granted() : 1;
    }

    private boolean isMasked(int vector) {
        var msix = function.msix();
        return (msix == null || !msix.enabled()) && vector < MASKABLE && (state.interruptMask >> vector & 1) != 0;
    }

    /// Entries were written to `queue`.
    void tell(CompletionQueue queue) {
        if (queue.interrupts && !isMasked(queue.vector)) {
            function.message(queue.vector);
        }
    }

    /// The mask, a queue, or the way of telling has changed.
    void settlePin() {
        boolean asserted = false;
        if (!function.usesMessages()) {
            for (int id = 0; id < queues.count(); id++) {
                var queue = queues.completion(id);
                asserted |= queue != null && queue.interrupts && queue.used() > 0 && !isMasked(queue.vector);
            }
        }
        function.intx(asserted);
    }

    void mask(int vectors) {
        state.interruptMask |= vectors;
        settlePin();
    }

    /// What waits behind a mask that goes is told.
    void unmask(int vectors) {
        int unmasked = state.interruptMask & vectors;
        state.interruptMask &= ~vectors;
        for (int id = 0; id < queues.count(); id++) {
            var queue = queues.completion(id);
            if (queue != null && queue.vector < MASKABLE && (unmasked >> queue.vector & 1) != 0 && queue.used() > 0) {
                var msix = function.msix();
                if (msix == null || !msix.enabled()) {
                    tell(queue);
                }
            }
        }
        settlePin();
    }
}
