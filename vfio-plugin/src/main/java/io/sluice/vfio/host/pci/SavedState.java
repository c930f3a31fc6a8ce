package io.sluice.vfio.host.pci;

/// What the kernel keeps of a function across a reset: its configuration space, and the table of its MSI-X, which lies
/// in a BAR.
final class SavedState {
    private static final int COMMAND = 0x04;
    private static final int SIZE = 4096;
    private static final int ENTRY = 16;

    private final HostFunction function;
    private final int[] words = new int[SIZE / 4];
    private final int msix;
    private final long[] table;

    /// From a thread that is in no strand.
    SavedState(HostFunction function) {
        this.function = function;
        function.pci().strand().call(() -> {
            for (int i = 0; i < words.length; i++) {
                words[i] = function.pci().configRead(4 * i, 4);
            }
        });
        msix = Capabilities.find(function, Capabilities.MSIX);
        int entries = msix == 0 ? 0 : (words[msix / 4] >> 16 & 0x7FF) + 1;
        table = new long[entries * ENTRY / 8];
        function.pci().strand().call(() -> {
            for (int i = 0; i < table.length; i++) {
                table[i] = msixBar().read(msixOffset() + 8L * i, 8);
            }
        });
    }

    private long msixOffset() {
        return words[msix / 4 + 1] & ~7;
    }

    private io.sluice.vmm.bus.BusDevice msixBar() {
        int index = words[msix / 4 + 1] & 7;
        for (var bar : function.pci().bars()) {
            if (bar.index() == index) {
                return bar.device();
            }
        }
        throw new IllegalStateException(function + " has its MSI-X table in no BAR");
    }

    /// Writes back what the reset has changed. Virtual functions are enabled after their number is there again, and
    /// the command register comes last.
    void restore() {
        var sriov = function.pci().extensions().sriov();
        int late = sriov == null ? COMMAND : sriov.base() + io.sluice.vmm.pci.Sriov.CONTROL;
        function.pci().strand().call(() -> {
            for (int i = 0; i < table.length; i++) {
                msixBar().write(msixOffset() + 8L * i, 8, table[i]);
            }
            for (int i = 0; i < words.length; i++) {
                if (4 * i != COMMAND && 4 * i != late) {
                    restore(4 * i);
                }
            }
            restore(late);
            restore(COMMAND);
        });
        var vfs = function.vfs();
        if (vfs != null) {
            vfs.settle();
        }
    }

    private void restore(int at) {
        var pci = function.pci();
        if (pci.configRead(at, 4) != words[at / 4]) {
            // The upper half of this register is status, which ones clear.
            pci.configWrite(at, at == COMMAND ? 2 : 4, words[at / 4]);
        }
    }
}
