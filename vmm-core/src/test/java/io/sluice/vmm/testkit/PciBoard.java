package io.sluice.vmm.testkit;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.pci.DmaTarget;
import io.sluice.vmm.pci.PciHost;
import io.sluice.vmm.pci.PciWindows;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// A PCI host with 1 MiB of RAM at 0, and eyes on its interrupt lines and messages.
public final class PciBoard implements AutoCloseable {
    public static final long RAM_SIZE = 1 << 20;

    /// A message that a function sent.
    public record Message(long address, int data) {}

    public final DirectLoop loop = new DirectLoop();
    public final AddressSpace memory = new AddressSpace("memory", (1L << 46) - 1);
    public final AddressSpace io = new AddressSpace("io", 0xFFFF);
    public final GuestRam ram = GuestRam.allocate(RAM_SIZE);
    public final boolean[] lines = new boolean[PciHost.GSIS];
    public final int[] rises = new int[PciHost.GSIS];
    public final List<Message> messages = new ArrayList<>();
    /// What was told of the items that a test switched on.
    public final List<String> told = new ArrayList<>();
    public final Trace trace = new Trace("board", record -> told.add(record.text()));
    public final PciHost host;

    public PciBoard() {
        memory.mapRam(0, RAM_SIZE, ram, 0, true);
        var inputs = IntStream.range(0, PciHost.GSIS).mapToObj(this::line).toArray(IrqLine[]::new);
        host = new PciHost(
                memory,
                io,
                (address, data) -> messages.add(new Message(address, data)),
                inputs,
                loop.strand(),
                PciWindows.DEFAULT,
                DmaTarget.direct(memory),
                trace);
    }

    private IrqLine line(int index) {
        return asserted -> {
            if (asserted && !lines[index]) {
                rises[index]++;
            }
            lines[index] = asserted;
        };
    }

    private static int address(int bus, int device, int function, int register) {
        return 1 << 31 | bus << 16 | device << 11 | function << 8 | register & 0xFC;
    }

    /// Reads configuration space through ports 0xCF8 and 0xCFC, as a guest does.
    public int config(int bus, int device, int function, int register, int size) {
        io.write(0xCF8, 4, address(bus, device, function, register));
        return (int) io.read(0xCFC + (register & 3), size);
    }

    public int config(int device, int register, int size) {
        return config(0, device, 0, register, size);
    }

    /// Writes configuration space through ports 0xCF8 and 0xCFC.
    public void config(int device, int register, int size, long value) {
        io.write(0xCF8, 4, address(0, device, 0, register));
        io.write(0xCFC + (register & 3), size, value);
    }

    /// Where a BAR of bus 0 lies, flags removed.
    public long bar(int device, int index) {
        int low = config(device, 0x10 + 4 * index, 4);
        long base = (low & 1) != 0 ? low & ~3 : low & 0xFFFF_FFF0L;
        boolean wide = (low & 7) == 4;
        return wide ? base | (long) config(device, 0x14 + 4 * index, 4) << 32 : base;
    }

    public void enable(int device, int command) {
        config(device, 0x04, 2, command);
    }

    @Override
    public void close() {
        ram.close();
    }
}
