package io.sluice.vmm.boot.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A small SMBIOS 2.8 table: firmware, system, chassis. Guests take the machine's name from it.
public final class Smbios {
    private static final int ENTRY_BYTES = 31;
    /// The structures follow the entry point at this distance.
    private static final int STRUCTURES = 32;
    /// A UUID of zeros says that there is none.
    private static final int UUID_BYTES = 16;

    private static final int VIRTUAL_MACHINE = 1 << 4;
    private static final int WAKE_BY_POWER_SWITCH = 6;
    private static final int CHASSIS_OTHER = 1;
    private static final int STATE_SAFE = 3;
    private static final int SECURITY_NONE = 3;
    private static final int CHARACTERISTICS_UNKNOWN = 1 << 3;

    private Smbios() {}

    /// The entry point with its structures, for `address`, a multiple of 16 between 0xF0000 and 0xFFFFF.
    public static byte[] at(long address) {
        var structures = new ByteArrayOutputStream();
        structures.writeBytes(firmware());
        structures.writeBytes(system());
        structures.writeBytes(chassis());
        structures.writeBytes(structure(127, 0x7F00, new byte[0]));
        var out = le(STRUCTURES + structures.size());
        out.put(Table.ascii("_SM_", 4))
                .put((byte) 0)
                .put((byte) ENTRY_BYTES)
                .put((byte) 2)
                .put((byte) 8);
        out.putShort((short) 64).put((byte) 0).put(new byte[5]);
        out.put(Table.ascii("_DMI_", 5)).put((byte) 0).putShort((short) structures.size());
        out.putInt((int) address + STRUCTURES).putShort((short) 4).put((byte) 0x28);
        out.put(21, Table.checksum(out.array(), 16, 15));
        out.put(4, Table.checksum(out.array(), 0, ENTRY_BYTES));
        out.put(STRUCTURES, structures.toByteArray());
        return out.array();
    }

    private static byte[] firmware() {
        var body = le(20).put((byte) 1)
                .put((byte) 2)
                .putShort((short) 0)
                .put((byte) 3)
                .put((byte) 0);
        body.putLong(CHARACTERISTICS_UNKNOWN).put((byte) 0).put((byte) VIRTUAL_MACHINE);
        body.put((byte) 0).put((byte) 1).put((byte) 0xFF).put((byte) 0xFF);
        return structure(0, 0, body.array(), "Sluice", "0.1", "01/01/2026");
    }

    private static byte[] system() {
        var body =
                le(23).put((byte) 1).put((byte) 2).put((byte) 3).put((byte) 0).put(new byte[UUID_BYTES]);
        body.put((byte) WAKE_BY_POWER_SWITCH).put((byte) 0).put((byte) 0);
        return structure(1, 0x100, body.array(), "Sluice", "Sluice virtual machine", "1");
    }

    private static byte[] chassis() {
        var body = le(17).put((byte) 1)
                .put((byte) CHASSIS_OTHER)
                .put((byte) 0)
                .put((byte) 0)
                .put((byte) 0);
        body.put((byte) STATE_SAFE)
                .put((byte) STATE_SAFE)
                .put((byte) STATE_SAFE)
                .put((byte) SECURITY_NONE);
        return structure(3, 0x300, body.array(), "Sluice");
    }

    /// Header, body, the strings each with its zero byte, and a zero byte more.
    private static byte[] structure(int type, int handle, byte[] body, String... strings) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(le(4).put((byte) type)
                .put((byte) (4 + body.length))
                .putShort((short) handle)
                .array());
        out.writeBytes(body);
        for (var text : strings) {
            out.writeBytes((text + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        out.writeBytes(new byte[strings.length == 0 ? 2 : 1]);
        return out.toByteArray();
    }

    private static ByteBuffer le(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
