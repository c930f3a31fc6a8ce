package io.sluice.vfio.vfio.pci;

import static io.sluice.vfio.vfio.pci.ConfigPart.Space.CAPABILITY;
import static io.sluice.vfio.vfio.pci.ConfigPart.Space.EXTENDED;
import static io.sluice.vfio.vfio.pci.ConfigPart.Space.HEADER;

import java.util.ArrayList;
import java.util.List;

/// The registers of a function that a reset clears and the host sets again. MSI and MSI-X are not among them: who has
/// turned them on writes them again.
final class SavedState {
    private record Register(ConfigPart.Space space, int id, int offset, int size) {}

    /// In the order in which they are written back: BARs before what decodes them, numbers before what enables them.
    private static final List<Register> REGISTERS = List.of(
            new Register(CAPABILITY, 0x10, 0x08, 2), // device control
            new Register(CAPABILITY, 0x10, 0x10, 2), // link control
            new Register(CAPABILITY, 0x10, 0x28, 2), // device control 2
            new Register(CAPABILITY, 0x10, 0x30, 2), // link control 2
            new Register(EXTENDED, 0x1B, 0x06, 2), // PASID control
            new Register(EXTENDED, 0x13, 0x0C, 4), // page request allocation
            new Register(EXTENDED, 0x13, 0x04, 2), // page request control
            new Register(EXTENDED, 0x0F, 0x06, 2), // ATS control
            new Register(EXTENDED, 0x18, 0x04, 4), // latency tolerance
            new Register(EXTENDED, 0x01, 0x08, 4), // uncorrectable mask
            new Register(EXTENDED, 0x01, 0x0C, 4), // uncorrectable severity
            new Register(EXTENDED, 0x01, 0x14, 4), // correctable mask
            new Register(EXTENDED, 0x01, 0x18, 4), // error control
            new Register(HEADER, 0, 0x10, 4),
            new Register(HEADER, 0, 0x14, 4),
            new Register(HEADER, 0, 0x18, 4),
            new Register(HEADER, 0, 0x1C, 4),
            new Register(HEADER, 0, 0x20, 4),
            new Register(HEADER, 0, 0x24, 4),
            new Register(HEADER, 0, 0x30, 4), // ROM
            new Register(HEADER, 0, 0x0C, 1), // cache line size
            new Register(HEADER, 0, 0x0D, 1), // latency timer
            new Register(HEADER, 0, 0x3C, 1), // interrupt line
            new Register(HEADER, 0, 0x04, 2), // command
            new Register(EXTENDED, 0x0D, 0x06, 2), // access control
            new Register(EXTENDED, 0x10, 0x20, 4), // VF page size
            new Register(EXTENDED, 0x10, 0x24, 4), // VF BARs
            new Register(EXTENDED, 0x10, 0x28, 4),
            new Register(EXTENDED, 0x10, 0x2C, 4),
            new Register(EXTENDED, 0x10, 0x30, 4),
            new Register(EXTENDED, 0x10, 0x34, 4),
            new Register(EXTENDED, 0x10, 0x38, 4),
            new Register(EXTENDED, 0x10, 0x10, 2), // number of VFs
            new Register(EXTENDED, 0x10, 0x08, 2)); // SR-IOV control

    private record Value(int at, int size, int value) {}

    private final HardwareConfig hardware;
    private final List<Value> values = new ArrayList<>();

    SavedState(HardwareConfig hardware) {
        this.hardware = hardware;
        var capabilities = hardware.capabilities();
        for (var register : REGISTERS) {
            if (register.space == HEADER) {
                keep(register.offset, register.size);
            }
            for (var capability : capabilities) {
                if (capability.space() == register.space && capability.id() == register.id) {
                    keep(capability.at() + register.offset, register.size);
                }
            }
        }
    }

    private void keep(int at, int size) {
        values.add(new Value(at, size, hardware.get(at, size)));
    }

    void restore() {
        for (var value : values) {
            if (hardware.get(value.at, value.size) != value.value) {
                hardware.set(value.at, value.size, value.value);
            }
        }
    }
}
