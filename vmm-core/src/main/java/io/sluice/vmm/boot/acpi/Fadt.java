package io.sluice.vmm.boot.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The fixed description table, revision 6.4 (ACPI 6.4, section 5.2.9). Offsets are those of the specification, from
/// the start of the table.
final class Fadt {
    private static final int LENGTH = 276;
    private static final int FIRMWARE_CTRL = 36;
    private static final int DSDT = 40;
    private static final int SCI_INT = 46;
    private static final int SMI_CMD = 48;
    private static final int ACPI_ENABLE = 52;
    private static final int ACPI_DISABLE = 53;
    private static final int PM1A_EVT_BLK = 56;
    private static final int PM1A_CNT_BLK = 64;
    private static final int PM_TMR_BLK = 76;
    private static final int GPE0_BLK = 80;
    private static final int PM1_EVT_LEN = 88;
    private static final int PM1_CNT_LEN = 89;
    private static final int PM_TMR_LEN = 91;
    private static final int GPE0_BLK_LEN = 92;
    private static final int P_LVL2_LAT = 96;
    private static final int P_LVL3_LAT = 98;
    private static final int CENTURY = 108;
    private static final int IAPC_BOOT_ARCH = 109;
    private static final int FLAGS = 112;
    private static final int RESET_REG = 116;
    private static final int RESET_VALUE = 128;
    private static final int MINOR_VERSION = 131;
    private static final int X_DSDT = 140;
    private static final int X_PM1A_EVT_BLK = 148;
    private static final int X_PM1A_CNT_BLK = 172;
    private static final int X_PM_TMR_BLK = 208;
    private static final int X_GPE0_BLK = 220;

    private static final int BYTE_ACCESS = 1;
    private static final int WORD_ACCESS = 2;
    private static final int DWORD_ACCESS = 3;

    /// Index of the century in the RTC's memory.
    private static final int RTC_CENTURY = 0x32;
    /// Latencies beyond these mean: no C2, no C3.
    private static final int NO_C2 = 0xFFF;
    private static final int NO_C3 = 0xFFF;

    private static final int LEGACY_DEVICES = 1;
    private static final int HAS_8042 = 1 << 1;
    private static final int NO_VGA = 1 << 2;

    private static final int WBINVD = 1;
    private static final int C1_SUPPORTED = 1 << 2;
    /// No fixed sleep button; the fixed power button stays, as its own flag is clear.
    private static final int NO_SLEEP_BUTTON = 1 << 5;
    /// The RTC does not wake the machine through the fixed registers.
    private static final int NO_FIXED_RTC = 1 << 6;
    private static final int RESET_SUPPORTED = 1 << 10;

    private Fadt() {}

    static byte[] of(AcpiConfig config, long facs, long dsdt) {
        // Built with the header's room in front, so that the specification's offsets hold.
        var out = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        var power = config.power();
        out.putInt(FIRMWARE_CTRL, (int) facs).putInt(DSDT, (int) dsdt).putLong(X_DSDT, dsdt);
        out.putShort(SCI_INT, (short) power.sci());
        out.putInt(SMI_CMD, power.smiCommand());
        out.put(ACPI_ENABLE, (byte) power.enableCommand()).put(ACPI_DISABLE, (byte) power.disableCommand());

        out.putInt(PM1A_EVT_BLK, power.event()).put(PM1_EVT_LEN, (byte) 4);
        out.putInt(PM1A_CNT_BLK, power.control()).put(PM1_CNT_LEN, (byte) 2);
        out.putInt(PM_TMR_BLK, power.timer()).put(PM_TMR_LEN, (byte) 4);
        out.putInt(GPE0_BLK, power.generalEvents()).put(GPE0_BLK_LEN, (byte) 16);
        Table.port(out, X_PM1A_EVT_BLK, power.event(), 32, WORD_ACCESS);
        Table.port(out, X_PM1A_CNT_BLK, power.control(), 16, WORD_ACCESS);
        Table.port(out, X_PM_TMR_BLK, power.timer(), 32, DWORD_ACCESS);
        Table.port(out, X_GPE0_BLK, power.generalEvents(), 128, BYTE_ACCESS);

        out.putShort(P_LVL2_LAT, (short) NO_C2).putShort(P_LVL3_LAT, (short) NO_C3);
        out.put(CENTURY, (byte) RTC_CENTURY);
        out.putShort(IAPC_BOOT_ARCH, (short) (LEGACY_DEVICES | NO_VGA | (config.keyboardController() ? HAS_8042 : 0)));
        out.putInt(FLAGS, WBINVD | C1_SUPPORTED | NO_SLEEP_BUTTON | NO_FIXED_RTC | RESET_SUPPORTED);
        Table.port(out, RESET_REG, power.resetPort(), 8, BYTE_ACCESS);
        out.put(RESET_VALUE, (byte) power.resetValue());
        out.put(MINOR_VERSION, (byte) 4);
        var body = new byte[LENGTH - Table.HEADER];
        out.get(Table.HEADER, body);
        return Table.of("FACP", 6, body);
    }
}
