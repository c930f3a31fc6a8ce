package io.sluice.vmm.gdb;

import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.machine.DebugPort;

/// `Z` and `z`: breakpoints (0 and 1, which differ in name only) and watchpoints (2 to 4). Both may be said twice.
final class GdbPoints {
    private final DebugPort port;

    GdbPoints(DebugPort port) {
        this.port = port;
    }

    String insert(PacketText packet) {
        if (!port.insert(point(packet))) {
            throw new GdbRefusal(GdbError.NO_SPACE);
        }
        return "OK";
    }

    String remove(PacketText packet) {
        port.remove(point(packet));
        return "OK";
    }

    private static DebugPoint point(PacketText packet) {
        int kind = packet.next();
        packet.require(",");
        var first = new Gva(packet.number());
        packet.require(",");
        long length = packet.number();
        packet.requireEnd();
        return switch (kind) {
            case '0' -> new DebugPoint.Code(first, false);
            case '1' -> new DebugPoint.Code(first, true);
            case '2' -> data(first, length, DebugPoint.Access.WRITE);
            case '3' -> data(first, length, DebugPoint.Access.READ);
            case '4' -> data(first, length, DebugPoint.Access.ANY);
            default -> throw GdbRefusal.invalid();
        };
    }

    private static DebugPoint data(Gva first, long length, DebugPoint.Access access) {
        long last = first.bits() + length - 1;
        if (length == 0 || Long.compareUnsigned(last, first.bits()) < 0) {
            throw GdbRefusal.invalid();
        }
        return new DebugPoint.Data(first, new Gva(last), access);
    }
}
