package io.sluice.vfio.vfio.pci;

import static io.sluice.vfio.vfio.pci.HardwareConfig.COMMAND;
import static io.sluice.vfio.vfio.pci.HardwareConfig.FIRST_BAR;
import static io.sluice.vfio.vfio.pci.HardwareConfig.INTERRUPT_PIN;
import static io.sluice.vfio.vfio.pci.HardwareConfig.INTX_DISABLE;
import static io.sluice.vfio.vfio.pci.HardwareConfig.IO;
import static io.sluice.vfio.vfio.pci.HardwareConfig.MEMORY;

/// Configuration space as the user sees it: bits of the function, bits of a shadow, by [ConfigLayout]; and what follows
/// from a write. On the function's strand.
final class VirtualConfig {
    private static final int MSI_ENABLE = 1;
    private static final int MSI_GRANTED = 7 << 4;
    private static final int MSI_GRANTED_SHIFT = 4;
    private static final int POWER_STATE = 3;
    private static final int DEVICE_CONTROL = 0x08;
    private static final int READ_REQUEST = 7 << 12;
    private static final int READ_REQUEST_SHIFT = 12;
    private static final int LARGEST_READ_REQUEST = 5;
    private static final int PAYLOAD_SHIFT = 5;
    private static final int EXPRESS_RESET = 1 << 15;
    private static final int EXPRESS_RESETS = 1 << 28;
    private static final int AF_RESETS = 1 << 1;
    private static final int VPD_DONE = 1 << 15;

    private final HardwareConfig hardware;
    private final ConfigLayout layout;
    private final BarPlan bars;
    private final ConfigEffects effects;
    private final byte[] shadow;
    private final int[] realBars = new int[6];
    private final boolean isVirtualFunction;
    /// Memory and I/O enable as the user last wrote them; if the function has them off, somebody reset it.
    private int decoded;

    VirtualConfig(
            HardwareConfig hardware, ConfigLayout layout, BarPlan bars, Identity identity, ConfigEffects effects) {
        this.hardware = hardware;
        this.layout = layout;
        this.bars = bars;
        this.effects = effects;
        this.isVirtualFunction = identity.isVirtual();
        this.shadow = new byte[layout.size()];
        for (int at = 0; at < shadow.length; at += 4) {
            put(at, 4, hardware.get(at, 4));
        }
        for (int bar = 0; bar < realBars.length; bar++) {
            realBars[bar] = hardware.get(FIRST_BAR + 4 * bar, 4);
            fixBar(bar);
        }
        put(ConfigRow.ROM_BAR.offset, 4, 0);
        decoded = hardware.command() & (IO | MEMORY);
        if (isVirtualFunction) {
            put(0, 2, identity.vendor());
            put(2, 2, identity.device());
            put(COMMAND, 2, get(COMMAND, 2) | MEMORY);
        }
        if (!identity.hasIntx()) {
            put(INTERRUPT_PIN, 1, 0);
        }
        clear(ConfigPart.POWER_MANAGEMENT, ConfigRow.PM_CAPABILITIES, -1);
        clear(ConfigPart.POWER_MANAGEMENT, ConfigRow.PM_CONTROL, -1);
        clear(ConfigPart.MSI, ConfigRow.MSI_CONTROL, MSI_ENABLE);
        chain();
    }

    private void clear(ConfigPart part, ConfigRow row, int bits) {
        int at = layout.place(part);
        if (at >= 0) {
            put(at + row.offset, row.size, get(at + row.offset, row.size) & ~(bits & row.virtual));
        }
    }

    /// Links what the user may see, and nothing else.
    private void chain() {
        int pointer = ConfigRow.CAPABILITIES_POINTER.offset;
        put(pointer, 1, 0);
        int header = -1;
        for (var link : layout.links()) {
            switch (link.part().space) {
                case HEADER -> {}
                case CAPABILITY -> {
                    put(pointer, 1, link.at());
                    put(link.at() + 1, 1, 0);
                    pointer = link.at() + 1;
                }
                case EXTENDED -> {
                    put(link.at(), 4, get(link.at(), 4) & 0x000F_FFFF);
                    if (header >= 0) {
                        put(header, 4, get(header, 4) | link.at() << 20);
                    } else if (link.at() != HardwareConfig.CONVENTIONAL) {
                        put(HardwareConfig.CONVENTIONAL, 4, link.at() << 20);
                    }
                    header = link.at();
                }
            }
        }
        if (header < 0 && layout.size() > HardwareConfig.CONVENTIONAL) {
            put(HardwareConfig.CONVENTIONAL, 4, 0);
        }
        int status = get(HardwareConfig.STATUS, 2) & ~ConfigRow.STATUS.virtual;
        boolean any = get(ConfigRow.CAPABILITIES_POINTER.offset, 1) != 0;
        put(HardwareConfig.STATUS, 2, any ? status | ConfigRow.STATUS.virtual : status);
    }

    int size() {
        return layout.size();
    }

    // ---- the shadow

    private int get(int at, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (shadow[at + i] & 0xFF) << 8 * i;
        }
        return value;
    }

    private void put(int at, int size, int value) {
        for (int i = 0; i < size; i++) {
            shadow[at + i] = (byte) (value >> 8 * i);
        }
    }

    /// Sizes, kinds and the rest of what is fixed in a BAR.
    private void fixBar(int bar) {
        int at = FIRST_BAR + 4 * bar;
        put(at, 4, get(at, 4) & bars.mask(bar) | bars.flags(bar));
    }

    /// Whether the user has turned INTx off.
    boolean isIntxDisabled() {
        return (get(COMMAND, 2) & INTX_DISABLE) != 0;
    }

    // ---- the user

    /// Reads 1, 2 or 4 bytes, aligned.
    int read(int at, int size) {
        int virtual = 0;
        for (int i = 0; i < size; i++) {
            virtual |= layout.virtual(at + i) << 8 * i;
        }
        int bits = -1 >>> 32 - 8 * size;
        int real = virtual == bits ? 0 : hardware.get(at, size);
        return real & ~virtual | get(at, size) & virtual;
    }

    /// Writes 1, 2 or 4 bytes, aligned.
    void write(int at, int size, int value) {
        for (int done = 0; done < size; ) {
            int piece = piece(at + done, size - done);
            writePart(at + done, piece, value >> 8 * done);
            done += piece;
        }
    }

    /// How many of the bytes from `at` on are of one part.
    private int piece(int at, int size) {
        int piece = size;
        while (piece > 1 && layout.part(at) != layout.part(at + piece - 1)) {
            piece /= 2;
        }
        return piece;
    }

    private void writePart(int at, int size, int value) {
        var part = layout.part(at);
        if (part == null) {
            return;
        }
        switch (part) {
            case HEADER -> writeHeader(at, size, value);
            case POWER_MANAGEMENT -> writePower(at, size, value);
            case VITAL_PRODUCT_DATA -> writeProductData(at, size, value);
            case MSI -> writeMsi(at, size, value);
            case EXPRESS -> writeExpress(at, size, value);
            case ADVANCED_FEATURES -> writeAdvancedFeatures(at, size, value);
            case SLOT_ID,
                    PCI_X,
                    VENDOR,
                    MSI_X,
                    ERROR_REPORTING,
                    VIRTUAL_CHANNEL,
                    SERIAL_NUMBER,
                    POWER_BUDGET,
                    VENDOR_EXTENDED,
                    ACCESS_CONTROL,
                    ROUTING_ID,
                    ADDRESS_TRANSLATION,
                    SRIOV,
                    MULTICAST,
                    PAGE_REQUEST,
                    RESIZABLE_BAR,
                    POWER_ALLOCATION,
                    PROCESSING_HINTS,
                    LATENCY_TOLERANCE,
                    DESIGNATED_VENDOR -> store(at, size, value);
        }
    }

    /// Each bit where it belongs. A register of the function of which no bit may be written is left alone, for what is
    /// read there would clear status bits when it is written back.
    private void store(int at, int size, int value) {
        for (int i = 0; i < size; i++) {
            int mask = layout.writable(at + i) & layout.virtual(at + i);
            shadow[at + i] = (byte) (shadow[at + i] & ~mask | value >> 8 * i & mask);
        }
        for (int done = 0; done < size; ) {
            int piece = realPiece(at + done, size - done);
            int mask = realMask(at + done, piece);
            if (mask != 0) {
                int kept = hardware.get(at + done, piece) & ~mask;
                hardware.set(at + done, piece, kept | value >> 8 * done & mask);
            }
            done += piece;
        }
    }

    /// The largest aligned piece whose halves the user may both write, or neither.
    private int realPiece(int at, int size) {
        int piece = Integer.highestOneBit(size);
        while (piece > 1 && ((at & piece - 1) != 0 || piece == 4 && isMixed(at))) {
            piece /= 2;
        }
        return piece;
    }

    private boolean isMixed(int at) {
        return (realMask(at, 2) == 0) != (realMask(at + 2, 2) == 0);
    }

    private int realMask(int at, int size) {
        int mask = 0;
        for (int i = 0; i < size; i++) {
            mask |= (layout.writable(at + i) & ~layout.virtual(at + i)) << 8 * i;
        }
        return mask;
    }

    private static boolean touches(int at, int size, int first, int length) {
        return at < first + length && at + size > first;
    }

    // ---- what follows from a write

    private void writeHeader(int at, int size, int value) {
        if (touches(at, size, COMMAND, 2)) {
            writeCommand(at, size, value);
            return;
        }
        store(at, size, value);
        for (int bar = 0; bar < realBars.length; bar++) {
            if (touches(at, size, FIRST_BAR + 4 * bar, 4)) {
                fixBar(bar);
            }
        }
        if (touches(at, size, ConfigRow.ROM_BAR.offset, 4)) {
            put(ConfigRow.ROM_BAR.offset, 4, get(ConfigRow.ROM_BAR.offset, 4) & bars.romMask());
        }
    }

    private void writeCommand(int at, int size, int value) {
        int wanted = merged(COMMAND, 2, at, size, value);
        if ((wanted & MEMORY) == 0) {
            effects.memoryGoesOff();
        }
        int lost = decoded & wanted & ~hardware.command() & (IO | MEMORY);
        if (lost != 0 && !isVirtualFunction) {
            restoreBars();
        }
        boolean wasDisabled = isIntxDisabled();
        store(at, size, value);
        if (isVirtualFunction) {
            put(COMMAND, 2, get(COMMAND, 2) & ~MEMORY | wanted & MEMORY);
        }
        decoded = wanted & (IO | MEMORY);
        if (isIntxDisabled() != wasDisabled) {
            effects.intxDisabled(!wasDisabled);
        }
        effects.decodingChanged();
    }

    /// What a register holds after a write that may cover only a part of it.
    private int merged(int register, int bytes, int at, int size, int value) {
        int result = read(register, bytes);
        for (int i = 0; i < size; i++) {
            int shift = 8 * (at + i - register);
            if (shift >= 0 && shift < 8 * bytes) {
                result = result & ~(0xFF << shift) | (value >> 8 * i & 0xFF) << shift;
            }
        }
        return result;
    }

    /// The function was reset behind the driver's back: its BARs are where they were.
    private void restoreBars() {
        for (int bar = 0; bar < realBars.length; bar++) {
            hardware.set(FIRST_BAR + 4 * bar, 4, realBars[bar]);
        }
    }

    /// Wake-up events stay off: their enable bit is written as 0, and so is their status, which a 1 would clear.
    private void writePower(int at, int size, int value) {
        int control = layout.place(ConfigPart.POWER_MANAGEMENT) + ConfigRow.PM_CONTROL.offset;
        if (touches(at, size, control, 2)) {
            int wanted = merged(control, 2, at, size, value);
            int mask = ConfigRow.PM_CONTROL.writable;
            hardware.set(control, 2, wanted & mask | hardware.get(control, 2) & POWER_STATE);
            effects.powerState(wanted & POWER_STATE);
        }
    }

    private void writeMsi(int at, int size, int value) {
        int control = layout.place(ConfigPart.MSI) + ConfigRow.MSI_CONTROL.offset;
        store(at, size, value);
        if (!touches(at, size, control, 2)) {
            return;
        }
        int flags = get(control, 2);
        if (!effects.usesMsi()) {
            flags &= ~MSI_ENABLE;
        }
        int most = flags >> 1 & 7;
        if ((flags & MSI_GRANTED) >> MSI_GRANTED_SHIFT > most) {
            flags = flags & ~MSI_GRANTED | most << MSI_GRANTED_SHIFT;
        }
        put(control, 2, flags);
        hardware.set(control, 2, flags);
    }

    private void writeExpress(int at, int size, int value) {
        int base = layout.place(ConfigPart.EXPRESS);
        int control = base + DEVICE_CONTROL;
        int before = get(control, 2) & READ_REQUEST;
        store(at, size, value);
        if (!touches(at, size, control, 2)) {
            return;
        }
        int wanted = get(control, 2);
        if ((wanted & READ_REQUEST) != before) {
            readRequest(control, (wanted & READ_REQUEST) >> READ_REQUEST_SHIFT);
        }
        if ((wanted & EXPRESS_RESET) != 0) {
            put(control, 2, wanted & ~EXPRESS_RESET);
            if ((hardware.get(base + 4, 4) & EXPRESS_RESETS) != 0) {
                effects.resetByConfig();
            }
        }
    }

    /// No smaller than the payload that the host has set, for some devices split what they ask for by it.
    private void readRequest(int control, int wanted) {
        int real = hardware.get(control, 2);
        int size = Math.max(wanted, real >> PAYLOAD_SHIFT & 7);
        if (size <= LARGEST_READ_REQUEST) {
            hardware.set(control, 2, real & ~READ_REQUEST | size << READ_REQUEST_SHIFT);
        }
    }

    private void writeAdvancedFeatures(int at, int size, int value) {
        int base = layout.place(ConfigPart.ADVANCED_FEATURES);
        int control = base + ConfigRow.AF_CONTROL.offset;
        store(at, size, value);
        if ((get(control, 1) & 1) != 0) {
            put(control, 1, get(control, 1) & ~1);
            if ((hardware.get(base + 3, 1) & AF_RESETS) != 0) {
                effects.resetByConfig();
            }
        }
    }

    /// The host asks the function for the user, and tells him when it has answered.
    private void writeProductData(int at, int size, int value) {
        int base = layout.place(ConfigPart.VITAL_PRODUCT_DATA);
        int address = base + ConfigRow.VPD_ADDRESS.offset;
        int data = base + ConfigRow.VPD_DATA.offset;
        store(at, size, value);
        if (!touches(at, size, address + 1, 1)) {
            return;
        }
        int wanted = get(address, 2);
        if ((wanted & VPD_DONE) != 0) {
            hardware.set(data, 4, get(data, 4));
        }
        hardware.set(address, 2, wanted);
        int answered = hardware.get(address, 2);
        if (((answered ^ wanted) & VPD_DONE) != 0) {
            put(data, 4, hardware.get(data, 4));
            put(address, 2, wanted ^ VPD_DONE);
        }
    }
}
