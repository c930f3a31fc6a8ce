package io.sluice.vmm.device.nvme;

import io.sluice.vmm.disk.DriveStats;
import io.sluice.vmm.loop.MachineClock;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// What Get Log Page shows (NVM Express 1.4 section 5.14).
final class LogPages {
    static final int ERROR = 0x01;
    static final int HEALTH = 0x02;
    private static final int FIRMWARE = 0x03;
    private static final int EFFECTS = 0x05;
    private static final int LARGEST = 4096;
    private static final int PAGE_BYTES = 512;
    /// A unit of data that is read or written: 1000 times 512 bytes.
    private static final long DATA_UNIT = 512_000;

    private static final int SUPPORTED = 1;
    private static final int CHANGES_DATA = 1 << 1;
    private static final long HOUR_NANOS = 3_600_000_000_000L;

    private final Nvme controller;
    private final Prps prps;
    private final MachineClock clock;
    private final ErrorLog errors;
    private final byte[] page = new byte[LARGEST];
    private final byte[] part = new byte[LARGEST];
    private final ByteBuffer view = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);

    LogPages(Nvme controller, Prps prps, MachineClock clock, ErrorLog errors) {
        this.controller = controller;
        this.prps = prps;
        this.clock = clock;
        this.errors = errors;
    }

    NvmeStatus get(Command command) {
        long words = (command.dword(10) >>> 16) + ((command.dword(11) & 0xFFFFL) << 16) + 1;
        long offset = command.dword(12) & 0xFFFF_FFFFL | (long) command.dword(13) << 32;
        int id = command.dword(10) & 0xFF;
        int size = fill(id);
        if (size < 0) {
            return NvmeStatus.INVALID_LOG_PAGE;
        }
        boolean ofController = command.namespace() == 0 || command.namespace() == Namespace.BROADCAST;
        if (id == HEALTH && !ofController
                || words > controller.settings().mostBytes() / 4
                || (offset & 3) != 0
                || Long.compareUnsigned(offset, size) > 0) {
            return NvmeStatus.INVALID_FIELD;
        }
        int bytes = (int) words * 4;
        int there = Math.min(bytes, size - (int) offset);
        // What lies beyond the page is zeroes.
        var asked = bytes <= LARGEST ? part : new byte[bytes];
        System.arraycopy(page, (int) offset, asked, 0, there);
        Arrays.fill(asked, there, bytes, (byte) 0);
        var status = prps.give(command, asked, bytes);
        boolean keepsEvent = (command.dword(10) >> 15 & 1) != 0;
        if (status == NvmeStatus.SUCCESS && !keepsEvent) {
            controller.events().read(id);
        }
        return status;
    }

    /// @return the bytes of the page, or less than 0 if there is none of this number
    private int fill(int id) {
        Arrays.fill(page, (byte) 0);
        return switch (id) {
            case ERROR -> {
                errors.write(view);
                yield ErrorLog.ENTRIES * ErrorLog.ENTRY;
            }
            case HEALTH -> {
                health();
                yield PAGE_BYTES;
            }
            case FIRMWARE -> {
                page[0] = 1;
                System.arraycopy(Identify.text(Identify.FIRMWARE, 8), 0, page, 8, 8);
                yield PAGE_BYTES;
            }
            case EFFECTS -> {
                effects();
                yield LARGEST;
            }
            default -> -1;
        };
    }

    private void health() {
        page[0] = (byte) controller.features().warnings();
        view.putShort(1, (short) Features.TEMPERATURE);
        page[3] = 100; // spare left, percent
        page[4] = 10; // at which it would be too little
        var namespace = controller.namespace();
        if (namespace != null) {
            reads(namespace.drive().stats());
        }
        view.putLong(112, 1); // power cycles
        view.putLong(128, clock.nanos() / HOUR_NANOS);
        view.putLong(176, errors.count());
    }

    private void reads(DriveStats stats) {
        view.putLong(32, (stats.bytes(DriveStats.Kind.READ) + DATA_UNIT - 1) / DATA_UNIT);
        view.putLong(48, (stats.bytes(DriveStats.Kind.WRITE) + DATA_UNIT - 1) / DATA_UNIT);
        view.putLong(64, stats.operations(DriveStats.Kind.READ));
        view.putLong(80, stats.operations(DriveStats.Kind.WRITE));
        view.putLong(160, stats.failures(DriveStats.Kind.READ) + stats.failures(DriveStats.Kind.WRITE)); // media errors
    }

    private void effects() {
        for (var opcode : AdminCommands.Opcode.values()) {
            view.putInt(opcode.code() * 4, SUPPORTED);
        }
        for (var opcode : IoCommands.Opcode.values()) {
            view.putInt(1024 + opcode.code() * 4, SUPPORTED | (opcode.changesData() ? CHANGES_DATA : 0));
        }
    }
}
