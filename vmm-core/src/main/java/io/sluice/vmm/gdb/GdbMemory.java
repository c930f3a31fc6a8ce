package io.sluice.vmm.gdb;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.address.Gva;
import io.sluice.vmm.machine.DebugPort;
import java.util.Arrays;
import java.util.HexFormat;

/// `m`, `M` and `X`: memory as the current vCPU's program sees it, or physical memory.
final class GdbMemory {
    /// Bytes whose hexadecimal fits into one packet.
    private static final int MOST_READ = PacketReader.MOST / 2 - 8;

    private final DebugPort port;
    private final GdbThreads threads;
    private boolean physical;

    GdbMemory(DebugPort port, GdbThreads threads) {
        this.port = port;
        this.threads = threads;
    }

    boolean isPhysical() {
        return physical;
    }

    void setPhysical(boolean isPhysical) {
        physical = isPhysical;
    }

    /// Less than was asked for if there is no more.
    String read(PacketText packet) {
        long address = packet.number();
        packet.require(",");
        var bytes = new byte[(int) Math.min(packet.number() & Long.MAX_VALUE, MOST_READ)];
        packet.requireEnd();
        int length =
                physical ? port.read(new Gpa(address), bytes) : port.read(threads.current(), new Gva(address), bytes);
        if (length == 0 && bytes.length > 0) {
            throw new GdbRefusal(GdbError.FAULT);
        }
        return HexFormat.of().formatHex(Arrays.copyOf(bytes, length));
    }

    /// @param binary whether the bytes stand there as they are, not in hexadecimal
    String write(PacketText packet, boolean binary) {
        long address = packet.number();
        packet.require(",");
        long length = packet.number();
        packet.require(":");
        var bytes = binary ? packet.rawBytes() : packet.hexBytes();
        if (bytes.length != length) {
            throw GdbRefusal.invalid();
        }
        boolean done = bytes.length == 0
                || (physical
                        ? port.write(new Gpa(address), bytes)
                        : port.write(threads.current(), new Gva(address), bytes));
        if (!done) {
            throw new GdbRefusal(GdbError.FAULT);
        }
        return "OK";
    }
}
