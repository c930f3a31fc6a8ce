package io.sluice.vmm.device.nvme;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/// What Identify shows (NVM Express 1.4 section 5.15).
final class Identify {
    static final String FIRMWARE = "1.0";
    private static final String MODEL = "Sluice NVMe Ctrl";
    private static final int BYTES = 4096;
    private static final int NAMESPACES = 1;
    private static final int RED_HAT = 0x1B36;
    private static final int VIRTIO = 0x1AF4;
    private static final long VERSION = 0x0001_0400;
    private static final int UUID_TYPE = 3;
    private static final int UUID_BYTES = 16;

    private final NvmeSettings settings;
    private final Nvme controller;
    private final Prps prps;
    private final byte[] data = new byte[BYTES];
    private final ByteBuffer view = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);

    Identify(Nvme controller, Prps prps) {
        this.settings = controller.settings();
        this.controller = controller;
        this.prps = prps;
    }

    /// ASCII, filled up with blanks.
    static byte[] text(String text, int length) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) ' ');
        var ascii = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(ascii, 0, bytes, 0, Math.min(ascii.length, length));
        return bytes;
    }

    NvmeStatus get(Command command) {
        Arrays.fill(data, (byte) 0);
        int id = command.namespace();
        var status = switch (command.dword(10) & 0xFF) {
            case 0x00 -> namespace(id);
            case 0x01 -> controller();
            case 0x02 -> namespaces(id);
            case 0x03 -> descriptors(id);
            default -> NvmeStatus.INVALID_FIELD;
        };
        return status == NvmeStatus.SUCCESS ? prps.give(command, data, BYTES) : status;
    }

    private NvmeStatus namespace(int id) {
        if (id != Namespace.ID) {
            return NvmeStatus.INVALID_NAMESPACE;
        }
        var namespace = controller.namespace();
        if (namespace == null) {
            return NvmeStatus.SUCCESS; // a namespace that is not active shows zeroes
        }
        view.putLong(0, namespace.blocks()); // size
        view.putLong(8, namespace.blocks()); // capacity
        view.putLong(16, namespace.blocks()); // in use
        data[24] = 1 << 4; // blocks that are best written together are told below
        data[33] = 1 | 1 << 3; // given-back blocks read as zeroes; Write Zeroes may give back
        int best = settings.physicalBlockSize() / settings.blockSize() - 1;
        for (int at = 64; at <= 70; at += 2) {
            view.putShort(at, (short) best); // granularity and alignment of writes and of deallocation
        }
        data[99] = (byte) (namespace.isReadOnly() ? 1 : 0);
        data[130] = (byte) namespace.shift(); // the one format: no metadata
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus controller() {
        view.putShort(0, (short) RED_HAT);
        view.putShort(2, (short) VIRTIO);
        put(4, settings.serial(), 20);
        put(24, MODEL, 40);
        put(64, FIRMWARE, 8);
        data[72] = 6; // arbitration burst
        data[73] = 0x00; // IEEE OUI 52:54:00
        data[74] = 0x54;
        data[75] = 0x52;
        data[77] = (byte) settings.maxTransfer();
        view.putInt(80, (int) VERSION);
        data[111] = 1; // an I/O controller
        data[258] = 3; // abort limit
        data[259] = AsyncEvents.LIMIT;
        data[260] = 1 << 1 | 1; // one firmware slot, read only
        data[261] = 1 << 1 | 1 << 2; // logs: commands supported and effects, offsets
        data[262] = (byte) (ErrorLog.ENTRIES - 1);
        view.putShort(266, (short) 343); // warning temperature
        view.putShort(268, (short) 373); // critical temperature
        data[512] = 6 << 4 | 6; // entries of 64 bytes
        data[513] = 4 << 4 | 4; // entries of 16 bytes
        view.putInt(516, NAMESPACES);
        // Compare, Dataset Management, Write Zeroes, Select of features, Timestamp.
        view.putShort(520, (short) (1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6));
        data[525] = 1 | 3 << 1; // volatile write cache; Flush takes the broadcast namespace
        put(768, "nqn.2026-01.io.sluice:nvme:" + settings.serial(), 0);
        view.putShort(2048, (short) 2500); // 25 W
        view.putInt(2052, 16); // entry latency, microseconds
        view.putInt(2056, 4); // exit latency
        return NvmeStatus.SUCCESS;
    }

    /// @param width filled up with blanks to this; 0 for a text that ends with a zero
    private void put(int at, String text, int width) {
        var bytes = width == 0 ? text.getBytes(StandardCharsets.US_ASCII) : text(text, width);
        System.arraycopy(bytes, 0, data, at, bytes.length);
    }

    private NvmeStatus namespaces(int after) {
        if (Integer.compareUnsigned(after, Namespace.BROADCAST - 1) >= 0) {
            return NvmeStatus.INVALID_NAMESPACE;
        }
        if (after == 0 && controller.namespace() != null) {
            view.putInt(0, Namespace.ID);
        }
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus descriptors(int id) {
        if (id != Namespace.ID || controller.namespace() == null) {
            return NvmeStatus.INVALID_NAMESPACE;
        }
        var uuid = UUID.nameUUIDFromBytes(("sluice nvme " + settings.serial()).getBytes(StandardCharsets.UTF_8));
        data[0] = UUID_TYPE;
        data[1] = UUID_BYTES;
        var bigEndian = ByteBuffer.wrap(data, 4, UUID_BYTES);
        bigEndian.putLong(uuid.getMostSignificantBits());
        bigEndian.putLong(uuid.getLeastSignificantBits());
        return NvmeStatus.SUCCESS;
    }
}
