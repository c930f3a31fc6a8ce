package io.sluice.vmm.pci;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.testkit.PciBoard;
import java.util.ArrayList;
import java.util.List;

/// A board with one root port at 00:01.0, seen through configuration space as a guest sees it.
final class PortRig implements AutoCloseable {
    static final int PORT = 1;
    /// The PCI Express capability follows power management.
    static final int EXPRESS = 0x48;

    static final int LINK_CONTROL = EXPRESS + 0x10;
    static final int LINK_STATUS = EXPRESS + 0x12;
    static final int SLOT_CAPABILITIES = EXPRESS + 0x14;
    static final int SLOT_CONTROL = EXPRESS + 0x18;
    static final int SLOT_STATUS = EXPRESS + 0x1A;

    static final int ON = 0x01C0;
    static final int BLINKING = 0x02C0;
    static final int OFF = 0x07C0;

    final PciBoard board = new PciBoard();
    final RootPort port;
    final List<String> events = new ArrayList<>();

    PortRig() {
        this(RootPort.Settings.hotPlug(5));
    }

    PortRig(RootPort.Settings settings) {
        port = new RootPort("pcie-root-port", board.loop.strand(), settings);
        board.host.add(PORT << 3, false, port);
        board.host.assignResources();
        port.listen(new SlotEvents() {
            @Override
            public void released(Object request) {
                events.add("released " + request);
            }

            @Override
            public void refused(Object request) {
                events.add("refused " + request);
            }
        });
    }

    /// A card with 4 KiB of memory that answers `answer`, 16 ports, a pin and a message.
    PciFunction card(int answer) {
        var device = new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return answer;
            }

            @Override
            public void write(long offset, int size, long value) {}
        };
        return PciFunction.builder("card", board.loop.strand())
                .ids(0x1234, answer)
                .interruptPin(1)
                .memoryBar(0, 4096, device)
                .ioBar(1, 16, device)
                .msi(1, true, false)
                .build();
    }

    PciFunction plug(int answer) {
        var card = card(answer);
        board.host.add(port, -1, false, true, card);
        return card;
    }

    int get(int register, int size) {
        return board.config(PORT, register, size);
    }

    void set(int register, int size, long value) {
        board.config(PORT, register, size, value);
    }

    int control() {
        return get(SLOT_CONTROL, 2);
    }

    void command(int value) {
        set(SLOT_CONTROL, 2, value);
    }

    int status() {
        return get(SLOT_STATUS, 2);
    }

    void clearStatus() {
        set(SLOT_STATUS, 2, 0xFFFF);
    }

    boolean linkIsUp() {
        return (get(LINK_STATUS, 2) & 0x2000) != 0;
    }

    /// What a read of the card's ids gives.
    int ids() {
        return board.config(1, 0, 0, 0, 4);
    }

    long window() {
        return (get(0x20, 2) & 0xFFF0L) << 16;
    }

    long ioWindow() {
        return (get(0x1C, 1) & 0xF0L) << 8;
    }

    void cardConfig(int register, int size, long value) {
        board.io.write(0xCF8, 4, 1 << 31 | 1 << 16 | register & 0xFC);
        board.io.write(0xCFC + (register & 3), size, value);
    }

    /// Does what a guest does with a card that it has found: BARs at the starts of the windows, everything enabled.
    void enableCard() {
        cardConfig(0x10, 4, window());
        cardConfig(0x14, 4, ioWindow());
        cardConfig(0x04, 2, 7);
    }

    /// What the card's memory answers at the start of the window.
    long memory() {
        return board.memory.read(window(), 1);
    }

    long ports() {
        return board.io.read(ioWindow(), 1);
    }

    static boolean sends(PciFunction card) {
        return card.dma().write(new Iova(0x100), new byte[] {1}, 0, 1);
    }

    @Override
    public void close() {
        board.close();
    }
}
