package io.sluice.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.boot.MemoryMap.Entry;
import io.sluice.vmm.boot.MemoryMap.Kind;
import io.sluice.vmm.boot.acpi.AcpiConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class FirmwareTest {
    private static Firmware of(long ramBytes) {
        return Firmware.build(new MemoryLayout(ramBytes), AcpiConfig.board(1), List.of());
    }

    @Test
    void aSmallMachineHasAllItsMemoryBelowTheHole() {
        var map = of(512L << 20).map();

        assertThat(map.entries())
                .containsExactly(
                        new Entry(0, 0x9FBFF, Kind.USABLE),
                        new Entry(0x9FC00, 0x9FFFF, Kind.RESERVED),
                        new Entry(0xF0000, 0xFFFFF, Kind.RESERVED),
                        new Entry(0x10_0000, 0x1FFF_DFFF, Kind.USABLE),
                        new Entry(0x1FFF_E000, 0x1FFF_EFFF, Kind.ACPI_TABLES),
                        new Entry(0x1FFF_F000, 0x1FFF_FFFF, Kind.ACPI_NVS),
                        new Entry(0xB000_0000L, 0xBFFF_FFFFL, Kind.RESERVED));
    }

    @Test
    void aLargeMachineHasTheRestAboveFourGigabytes() {
        var firmware = of(4L << 30);

        assertThat(firmware.map().entries().getLast())
                .isEqualTo(new Entry(0x1_0000_0000L, 0x1_0000_0000L + (4L << 30) - 0xB000_0000L - 1, Kind.USABLE));
        assertThat(firmware.layout().pieces())
                .containsExactly(
                        new MemoryLayout.Piece(new Gpa(0), 0xA0000, 0),
                        new MemoryLayout.Piece(new Gpa(0xC0000), 0xB000_0000L - 0xC0000, 0xC0000),
                        new MemoryLayout.Piece(new Gpa(0x1_0000_0000L), (4L << 30) - 0xB000_0000L, 0xB000_0000L));
    }

    @Test
    void theRootPointerLeadsToEveryTable() {
        var firmware = of(64L << 20);
        var memory = new SparseMemory(firmware.layout());

        firmware.write(memory);

        long rsdp = firmware.rsdp().bits();
        assertThat(rsdp).isBetween(0xE0000L, 0xFFFFFL);
        assertThat(new String(memory.bytes(rsdp, 8), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("RSD PTR ");
        long xsdt = memory.u64(rsdp + 24);
        int tables = (memory.i32(xsdt + 4) - 36) / 8;
        assertThat(java.util.stream.IntStream.range(0, tables)
                        .mapToObj(i -> memory.bytes(memory.u64(xsdt + 36 + 8L * i), 4))
                        .map(name -> new String(name, java.nio.charset.StandardCharsets.US_ASCII)))
                .containsExactly("FACP", "APIC", "MCFG", "HPET", "WAET");
    }

    @Test
    void guestsThatScanFindSmbios() {
        var firmware = of(64L << 20);
        var memory = new SparseMemory(firmware.layout());

        firmware.write(memory);

        assertThat(new String(memory.bytes(0xF0040, 4), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("_SM_");
        assertThat(sum(memory.bytes(0xF0040, 31))).isZero();
        assertThat(sum(memory.bytes(0xF0050, 15))).isZero();
        assertThat(memory.text(memory.i32(0xF0040 + 24) + 24)).isEqualTo("Sluice");
    }

    private static int sum(byte[] bytes) {
        int sum = 0;
        for (byte b : bytes) {
            sum += b;
        }
        return sum & 0xFF;
    }

    @Test
    void memoryThatNoMachineHasIsRefused() {
        assertThatThrownBy(() -> new MemoryLayout(0)).isInstanceOf(BootException.class);
        assertThatThrownBy(() -> new MemoryLayout((64L << 20) + 1)).isInstanceOf(BootException.class);
        assertThatThrownBy(() -> new MemoryLayout(300L << 30))
                .hasMessage("a machine has 2 MiB to 254 GiB of RAM in whole pages, not 322122547200 bytes");
    }
}
