package io.sluice.vmm.boot.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The interrupt controllers: local APICs, one IOAPIC, where ISA interrupts differ from the identity, and the NMI pin.
final class Madt {
    private static final int PCAT_COMPAT = 1;
    private static final int ENABLED = 1;
    /// Ids from here on need the x2APIC form; 255 is the broadcast.
    private static final int FIRST_X2APIC_ID = 255;

    private static final int PIT_IRQ = 0;
    private static final int PIT_GSI = 2;
    private static final int ACTIVE_HIGH_LEVEL = 0x0D;
    private static final int NMI_PIN = 1;
    private static final int ALL_PROCESSORS = -1;

    private Madt() {}

    static byte[] of(AcpiConfig config) {
        var interrupts = config.interrupts();
        var out = ByteBuffer.allocate(128 + 16 * config.apicIds().size()).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt((int) interrupts.localApic()).putInt(PCAT_COMPAT);
        boolean extended = false;
        for (int uid = 0; uid < config.apicIds().size(); uid++) {
            int id = config.apicIds().get(uid);
            if (id < FIRST_X2APIC_ID) {
                out.put((byte) 0).put((byte) 8).put((byte) uid).put((byte) id).putInt(ENABLED);
            } else {
                out.put((byte) 9).put((byte) 16).putShort((short) 0);
                out.putInt(id).putInt(ENABLED).putInt(uid);
                extended = true;
            }
        }
        out.put((byte) 1).put((byte) 12).put((byte) interrupts.ioApicId()).put((byte) 0);
        out.putInt((int) interrupts.ioApic()).putInt(interrupts.gsiBase());
        override(out, PIT_IRQ, PIT_GSI, 0);
        override(out, config.power().sci(), config.power().sci(), ACTIVE_HIGH_LEVEL);
        out.put((byte) 4)
                .put((byte) 6)
                .put((byte) ALL_PROCESSORS)
                .putShort((short) 0)
                .put((byte) NMI_PIN);
        if (extended) {
            out.put((byte) 10).put((byte) 12).putShort((short) 0).putInt(ALL_PROCESSORS);
            out.put((byte) NMI_PIN).put((byte) 0).putShort((short) 0);
        }
        var body = new byte[out.position()];
        out.get(0, body);
        return Table.of("APIC", 5, body);
    }

    private static void override(ByteBuffer out, int irq, int gsi, int flags) {
        out.put((byte) 2)
                .put((byte) 10)
                .put((byte) 0)
                .put((byte) irq)
                .putInt(gsi)
                .putShort((short) flags);
    }
}
