package io.sluice.vmm.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// A very small x86-64 assembler: raw bytes, a few moves with absolute addresses below 2 GiB, jumps to labels.
final class MachineCode {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RDX = 2;
    static final int RBX = 3;
    static final int RSP = 4;
    static final int RSI = 6;
    static final int RDI = 7;

    private record Jump(int at, String label) {}

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final Map<String, Integer> labels = new HashMap<>();
    private final List<Jump> jumps = new ArrayList<>();

    MachineCode hex(String bytes) {
        code.writeBytes(HexFormat.of().parseHex(bytes.replace(" ", "")));
        return this;
    }

    private MachineCode int32(int value) {
        code.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
        return this;
    }

    MachineCode label(String name) {
        labels.put(name, code.size());
        return this;
    }

    int offsetOf(String label) {
        Integer offset = labels.get(label);
        if (offset == null) {
            throw new IllegalStateException("no label " + label);
        }
        return offset;
    }

    /// `mov r32, value`, which clears the upper half.
    MachineCode move(int register, int value) {
        code.write(0xB8 + register);
        return int32(value);
    }

    /// `mov r64, [address]`.
    MachineCode load(int register, int address) {
        return hex("488b").modRmAbsolute(register, address);
    }

    /// `mov [address], r64`.
    MachineCode store(int address, int register) {
        return hex("4889").modRmAbsolute(register, address);
    }

    private MachineCode modRmAbsolute(int register, int address) {
        code.write(register << 3 | 4);
        code.write(0x25);
        return int32(address);
    }

    /// `lea register, [rbx + displacement]`.
    MachineCode leaFromRbx(int register, int displacement) {
        hex("488d");
        code.write(0x80 | register << 3 | RBX);
        return int32(displacement);
    }

    /// `rep movsq` of so many bytes from RSI to RDI.
    MachineCode copy(int bytes) {
        return move(RCX, bytes / 8).hex("f348a5");
    }

    MachineCode syscall(int number) {
        return move(RAX, number).hex("0f05");
    }

    MachineCode jump(String label) {
        return jump("e9", label);
    }

    MachineCode jumpIfEqual(String label) {
        return jump("0f84", label);
    }

    MachineCode jumpIfNotEqual(String label) {
        return jump("0f85", label);
    }

    private MachineCode jump(String opcode, String label) {
        hex(opcode);
        jumps.add(new Jump(code.size(), label));
        return int32(0);
    }

    byte[] bytes() {
        byte[] bytes = code.toByteArray();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (Jump jump : jumps) {
            buffer.putInt(jump.at, offsetOf(jump.label) - (jump.at + 4));
        }
        return bytes;
    }
}
