package io.sluice.vmm.device.fwcfg;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The items that a guest may read. Filled before the guest starts, then only read.
public final class FwCfgItems {
    private static final int MAX_FILES = 0x1000;
    private static final int NAME_BYTES = 56;
    private static final int DIRECTORY_ENTRY = 64;
    private static final int WRITE_BIT = 0x4000;

    private final Map<Integer, byte[]> items = new HashMap<>();
    private final Map<String, byte[]> files = new TreeMap<>();

    /// One range of the `etc/e820` file.
    ///
    /// @param type 1 RAM, 2 reserved, 3 ACPI, 4 ACPI NVS
    public record MemoryRange(long address, long length, int type) {}

    public FwCfgItems() {
        bytes(FwCfgKey.SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        int32(FwCfgKey.ID, 3);
        directory();
    }

    /// An item with a number. The array is kept, not copied.
    public FwCfgItems bytes(FwCfgKey key, byte[] content) {
        items.put(key.selector, content);
        return this;
    }

    public FwCfgItems int16(FwCfgKey key, int value) {
        return bytes(key, little(2).putShort((short) value).array());
    }

    public FwCfgItems int32(FwCfgKey key, int value) {
        return bytes(key, little(4).putInt(value).array());
    }

    public FwCfgItems int64(FwCfgKey key, long value) {
        return bytes(key, little(8).putLong(value).array());
    }

    /// Text with a NUL at its end.
    public FwCfgItems string(FwCfgKey key, String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes(key, Arrays.copyOf(bytes, bytes.length + 1));
    }

    /// An item with a name, in the directory. The array is kept, not copied.
    ///
    /// @throws IllegalArgumentException if the name is empty, too long or taken, or there are too many
    public FwCfgItems file(String name, byte[] content) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length >= NAME_BYTES) {
            throw new IllegalArgumentException("a fw_cfg name has 1 to " + (NAME_BYTES - 1) + " bytes: '" + name + "'");
        }
        if (files.size() == MAX_FILES) {
            throw new IllegalArgumentException("too many fw_cfg files");
        }
        if (files.putIfAbsent(name, content) != null) {
            throw new IllegalArgumentException("duplicate fw_cfg file name: " + name);
        }
        directory();
        return this;
    }

    /// The memory map as the file `etc/e820`.
    public FwCfgItems memoryMap(List<MemoryRange> ranges) {
        var table = little(20 * ranges.size());
        for (var range : ranges) {
            table.putLong(range.address).putLong(range.length).putInt(range.type);
        }
        return file("etc/e820", table.array());
    }

    /// Files are in order of their names, so their selectors do not depend on the order of their coming.
    private void directory() {
        var all = ByteBuffer.allocate(4 + DIRECTORY_ENTRY * files.size());
        all.putInt(files.size());
        int selector = FwCfgKey.FIRST_FILE;
        for (var file : files.entrySet()) {
            items.put(selector, file.getValue());
            all.putInt(file.getValue().length).putShort((short) selector).putShort((short) 0);
            all.put(Arrays.copyOf(file.getKey().getBytes(StandardCharsets.UTF_8), NAME_BYTES));
            selector++;
        }
        bytes(FwCfgKey.FILE_DIR, all.array());
    }

    /// The item behind a selector; its write bit means nothing. Null if there is none.
    byte @Nullable [] find(int selector) {
        return items.get(selector & ~WRITE_BIT);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
