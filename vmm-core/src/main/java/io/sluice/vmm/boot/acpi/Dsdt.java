package io.sluice.vmm.boot.acpi;

import static io.sluice.vmm.boot.acpi.Aml.ARG0;
import static io.sluice.vmm.boot.acpi.Aml.ARG1;
import static io.sluice.vmm.boot.acpi.Aml.ARG3;
import static io.sluice.vmm.boot.acpi.Aml.LOCAL0;
import static io.sluice.vmm.boot.acpi.Aml.and;
import static io.sluice.vmm.boot.acpi.Aml.createDwordField;
import static io.sluice.vmm.boot.acpi.Aml.device;
import static io.sluice.vmm.boot.acpi.Aml.eisaId;
import static io.sluice.vmm.boot.acpi.Aml.equal;
import static io.sluice.vmm.boot.acpi.Aml.giveBack;
import static io.sluice.vmm.boot.acpi.Aml.iff;
import static io.sluice.vmm.boot.acpi.Aml.integer;
import static io.sluice.vmm.boot.acpi.Aml.join;
import static io.sluice.vmm.boot.acpi.Aml.name;
import static io.sluice.vmm.boot.acpi.Aml.not;
import static io.sluice.vmm.boot.acpi.Aml.or;
import static io.sluice.vmm.boot.acpi.Aml.otherwise;
import static io.sluice.vmm.boot.acpi.Aml.pack;
import static io.sluice.vmm.boot.acpi.Aml.path;
import static io.sluice.vmm.boot.acpi.Aml.scope;
import static io.sluice.vmm.boot.acpi.Aml.serializedMethod;
import static io.sluice.vmm.boot.acpi.Aml.store;
import static io.sluice.vmm.boot.acpi.Aml.string;
import static io.sluice.vmm.boot.acpi.Aml.uuid;
import static io.sluice.vmm.boot.acpi.Resources.busWindow;
import static io.sluice.vmm.boot.acpi.Resources.irq;
import static io.sluice.vmm.boot.acpi.Resources.memory32;
import static io.sluice.vmm.boot.acpi.Resources.memoryWindow32;
import static io.sluice.vmm.boot.acpi.Resources.memoryWindow64;
import static io.sluice.vmm.boot.acpi.Resources.portWindow;
import static io.sluice.vmm.boot.acpi.Resources.ports;
import static io.sluice.vmm.boot.acpi.Resources.template;

import java.io.ByteArrayOutputStream;

/// The content of the DSDT: the PCI host bridge, what sits on the ISA bus, the processors, and soft-off.
final class Dsdt {
    private static final String HOST_BRIDGE_OSC = "33DB4D5B-1FF7-401C-9657-7441C03DD766";
    /// What the operating system may drive by itself: native hot-plug, PME, the PCIe capability. SHPC, AER, LTR and DPC
    /// are not there.
    private static final int GRANTED = 0x15;

    private static final int OSC_UNKNOWN_UUID = 4;
    private static final int OSC_UNKNOWN_REVISION = 8;
    private static final int OSC_MASKED = 0x10;
    private static final int PRESENT_HIDDEN = 0x0B;
    private static final int ISA_BRIDGE = 0x1F_0000;
    private static final int CONFIG_ADDRESS = 0xCF8;

    private final AcpiConfig config;

    private Dsdt(AcpiConfig config) {
        this.config = config;
    }

    static byte[] of(AcpiConfig config) {
        return new Dsdt(config).content();
    }

    private byte[] content() {
        return join(
                scope("\\_SB", processors(), motherboard(), hostBridge()),
                name("\\_S5", pack(integer(config.power().softOff()), integer(0), integer(0), integer(0))));
    }

    private byte[] processors() {
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < config.apicIds().size(); i++) {
            out.writeBytes(
                    device(String.format("C%03X", i), name("_HID", string("ACPI0007")), name("_UID", integer(i))));
        }
        return out.toByteArray();
    }

    /// Keeps the operating system from placing anything on what the board decodes by itself.
    private byte[] motherboard() {
        var pci = config.pci();
        var power = config.power();
        return device(
                "MBRD",
                name("_HID", eisaId("PNP0C02")),
                name("_UID", integer(0)),
                name(
                        "_CRS",
                        template(
                                memory32(pci.ecam(), pci.ecamLength()),
                                ports(power.base(), power.length()),
                                ports(power.smiCommand(), 2))));
    }

    private byte[] hostBridge() {
        var pci = config.pci();
        return device(
                "PCI0",
                name("_HID", eisaId("PNP0A08")),
                name("_CID", eisaId("PNP0A03")),
                name("_UID", integer(0)),
                name("_SEG", integer(0)),
                name("_BBN", integer(0)),
                name("_CBA", integer(pci.ecam())),
                name(
                        "_CRS",
                        template(
                                busWindow(0, pci.lastBus()),
                                ports(CONFIG_ADDRESS, 8),
                                portWindow(0, CONFIG_ADDRESS - 1),
                                portWindow(CONFIG_ADDRESS + 8, 0xFFFF),
                                memoryWindow32(pci.memory32()),
                                memoryWindow64(pci.memory64()))),
                name("_PRT", routing()),
                osc(),
                isaBridge());
    }

    /// Pin `pin` (0 is INTA) of device `device` on bus 0 raises GSI 16 + ((device + pin) & 7).
    private static byte[] routing() {
        var routes = new byte[32 * 4][];
        for (int slot = 0; slot < 32; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                routes[4 * slot + pin] = pack(
                        integer((long) slot << 16 | 0xFFFF), integer(pin), integer(0), integer(16 + (slot + pin & 7)));
            }
        }
        return pack(routes);
    }

    private static byte[] osc() {
        var status = path("CDW1");
        var control = path("CDW3");
        return serializedMethod(
                "_OSC",
                4,
                createDwordField(ARG3, 0, "CDW1"),
                iff(
                        equal(ARG0, uuid(HOST_BRIDGE_OSC)),
                        createDwordField(ARG3, 8, "CDW3"),
                        and(control, integer(GRANTED), LOCAL0),
                        iff(not(equal(ARG1, integer(1))), or(status, integer(OSC_UNKNOWN_REVISION), status)),
                        iff(not(equal(control, LOCAL0)), or(status, integer(OSC_MASKED), status)),
                        store(LOCAL0, control)),
                otherwise(or(status, integer(OSC_UNKNOWN_UUID), status)),
                giveBack(ARG3));
    }

    private byte[] isaBridge() {
        var out = new ByteArrayOutputStream();
        out.writeBytes(isa("PIC", "PNP0000", template(ports(0x20, 2), ports(0xA0, 2), ports(0x4D0, 2), irq(2))));
        out.writeBytes(isa("TIMR", "PNP0100", template(ports(0x40, 4), irq(0))));
        out.writeBytes(isa("RTC", "PNP0B00", template(ports(0x70, 2), irq(8))));
        if (config.hpet() != 0) {
            out.writeBytes(isa("HPET", "PNP0103", template(memory32(config.hpet(), 0x400))));
        }
        for (var port : config.serialPorts()) {
            out.writeBytes(device(
                    "COM" + port.number(),
                    name("_HID", eisaId("PNP0501")),
                    name("_UID", integer(port.number())),
                    name("_CRS", template(ports(port.port(), 8), irq(port.irq())))));
        }
        if (config.fwCfg() != 0) {
            out.writeBytes(device(
                    "FWCF",
                    name("_HID", string("QEMU0002")),
                    name("_STA", integer(PRESENT_HIDDEN)),
                    name("_CRS", template(ports(config.fwCfg(), 12)))));
        }
        return device("ISA", name("_ADR", integer(ISA_BRIDGE)), out.toByteArray());
    }

    private static byte[] isa(String name, String id, byte[] resources) {
        return device(name, name("_HID", eisaId(id)), name("_CRS", resources));
    }
}
