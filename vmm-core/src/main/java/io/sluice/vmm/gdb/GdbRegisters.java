package io.sluice.vmm.gdb;

import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.machine.DebugPort;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// `g`, `G`, `p` and `P`: the registers of the current vCPU, by their number in the target description.
final class GdbRegisters {
    private static final List<CpuRegister> ALL = List.of(CpuRegister.values());

    private final DebugPort port;
    private final GdbThreads threads;

    GdbRegisters(DebugPort port, GdbThreads threads) {
        this.port = port;
        this.threads = threads;
    }

    String readAll() {
        return hex(threads.current(), ALL);
    }

    private String hex(int vcpu, List<CpuRegister> registers) {
        return HexFormat.of().formatHex(port.read(vcpu, registers));
    }

    /// All are set that may be; an error says that some may not.
    String writeAll(PacketText packet) {
        var values = packet.hexBytes();
        if (values.length != ALL.stream().mapToInt(CpuRegister::bytes).sum()) {
            throw GdbRefusal.invalid();
        }
        boolean done = true;
        int at = 0;
        for (var register : ALL) {
            var value = Arrays.copyOfRange(values, at, at + register.bytes());
            done &= port.write(threads.current(), register, value);
            at += value.length;
        }
        if (!done) {
            throw GdbRefusal.invalid();
        }
        return "OK";
    }

    String read(PacketText packet) {
        var register = register(packet);
        packet.requireEnd();
        return hex(threads.current(), List.of(register));
    }

    String write(PacketText packet) {
        var register = register(packet);
        packet.require("=");
        var value = packet.hexBytes();
        if (value.length != register.bytes() || !port.write(threads.current(), register, value)) {
            throw GdbRefusal.invalid();
        }
        return "OK";
    }

    private static CpuRegister register(PacketText packet) {
        int number = packet.smallNumber();
        if (number >= ALL.size()) {
            throw GdbRefusal.invalid();
        }
        return ALL.get(number);
    }

    /// The registers that gdb wants at every stop, as `number:value;` each.
    String expedited(int vcpu) {
        var text = new StringBuilder();
        for (var register : List.of(CpuRegister.RBP, CpuRegister.RSP, CpuRegister.RIP)) {
            text.append(String.format("%02x:%s;", register.ordinal(), hex(vcpu, List.of(register))));
        }
        return text.toString();
    }
}
