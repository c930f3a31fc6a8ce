package io.sluice.vmm.machine;

import io.sluice.vmm.boot.Firmware;
import io.sluice.vmm.device.fwcfg.FwCfg;
import io.sluice.vmm.device.fwcfg.FwCfgItems;
import io.sluice.vmm.device.fwcfg.FwCfgKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// What the guest finds in fw_cfg.
final class FirmwareItems {
    private final FwCfgItems items = new FwCfgItems();

    /// @throws MachineException if a file of the user's cannot be there
    FirmwareItems(MachineConfig config, Firmware firmware) {
        var uuid = ByteBuffer.allocate(16)
                .putLong(config.uuid().getMostSignificantBits())
                .putLong(config.uuid().getLeastSignificantBits());
        var line = config.boot().append().getBytes(StandardCharsets.UTF_8);
        items.bytes(FwCfgKey.UUID, uuid.array())
                .int64(FwCfgKey.RAM_SIZE, config.memoryBytes())
                .int16(FwCfgKey.NOGRAPHIC, 1)
                .int16(FwCfgKey.NB_CPUS, config.cpus().count())
                .int16(FwCfgKey.MAX_CPUS, config.cpus().count())
                .int16(FwCfgKey.BOOT_MENU, 0)
                .int32(FwCfgKey.CMDLINE_SIZE, line.length + 1)
                .string(FwCfgKey.CMDLINE_DATA, config.boot().append())
                .memoryMap(firmware.map().entries().stream()
                        .map(e -> new FwCfgItems.MemoryRange(
                                e.first(), e.length(), e.kind().type()))
                        .toList());
        for (var file : config.firmwareFiles()) {
            try {
                items.file(file.name(), file.content());
            } catch (IllegalArgumentException e) {
                throw new MachineException("-fw_cfg: " + e.getMessage(), e);
            }
        }
    }

    void map(Board board) {
        var strand = board.newStrand();
        var device = new FwCfg(strand, board.memory, items);
        device.map(board.io);
        board.onReset(strand, device::reset);
    }
}
