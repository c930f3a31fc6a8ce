package io.sluice.vmm.boot.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AcpiTablesTest {
    private static final long BASE = 0x1FF_0000;
    private static final long FACS = 0x1FF_F000;
    private static final Path GOLDEN = Path.of("src/test/resources/io/sluice/vmm/boot/acpi/board.golden.txt");

    private static AcpiTables.Placed board(int processors) {
        var config = AcpiConfig.board(processors).withSerialPorts(List.of(AcpiConfig.COM1, AcpiConfig.COM2));
        return new AcpiTables(config, List.of()).place(BASE, FACS);
    }

    private static String signature(byte[] table) {
        return new String(table, 0, 4, StandardCharsets.US_ASCII);
    }

    private static ByteBuffer table(AcpiTables.Placed placed, String signature) {
        var found = placed.tables().stream()
                .filter(blob -> signature(blob.bytes()).equals(signature))
                .findFirst()
                .orElseThrow();
        return ByteBuffer.wrap(found.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Judged by iasl once; from then on every byte stays. Run with -Dsluice.accept=true to accept a change.
    @Test
    void everyByteIsAsItWasAccepted() throws IOException {
        var text = board(2).tables().stream()
                .map(blob -> signature(blob.bytes()) + " at 0x" + Long.toHexString(blob.address()) + "\n"
                        + HexFormat.of().formatHex(blob.bytes()).replaceAll("(.{64})", "$1\n"))
                .collect(Collectors.joining("\n\n"));
        accept(text);

        assertThat(text).isEqualTo(Files.readString(GOLDEN));
    }

    private static void accept(String text) throws IOException {
        if (Boolean.getBoolean("sluice.accept")) {
            Files.createDirectories(GOLDEN.getParent());
            Files.writeString(GOLDEN, text);
        }
    }

    @Test
    void everyTableAddsUpToZeroAndKnowsItsLength() {
        var tables = board(300).tables().stream()
                .map(AcpiTables.Blob::bytes)
                .filter(table -> !signature(table).equals("FACS"))
                .toList();

        assertThat(tables).allMatch(table -> Table.checksum(table, 0, table.length) == 0);
        assertThat(tables)
                .allMatch(table ->
                        ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).getInt(4) == table.length);
    }

    @Test
    void bothChecksumsOfTheRootPointerHold() {
        var rsdp = board(1).rsdp();

        assertThat(Table.checksum(rsdp, 0, 20)).isZero();
        assertThat(Table.checksum(rsdp, 0, 36)).isZero();
    }

    @Test
    void tablesDoNotOverlap() {
        var blobs = board(64).tables().stream()
                .sorted(java.util.Comparator.comparing(AcpiTables.Blob::address))
                .toList();

        assertThat(IntStream.range(1, blobs.size()))
                .allMatch(i -> blobs.get(i - 1).address() + blobs.get(i - 1).bytes().length
                        <= blobs.get(i).address());
    }

    @Test
    void theFixedTableTellsWhereTheFixedHardwareIs() {
        var fadt = table(board(1), "FACP");

        assertThat(fadt.getInt(56)).isEqualTo(0x600);
        assertThat(fadt.getInt(64)).isEqualTo(0x604);
        assertThat(fadt.getInt(76)).isEqualTo(0x608);
        assertThat(fadt.getInt(80)).isEqualTo(0x620);
        assertThat(fadt.getLong(152)).isEqualTo(0x600);
        assertThat(fadt.getLong(176)).isEqualTo(0x604);
        assertThat(fadt.getLong(212)).isEqualTo(0x608);
        assertThat(fadt.getLong(120)).isEqualTo(0xCF9);
        assertThat(fadt.get(128)).isEqualTo((byte) 6);
        assertThat(fadt.getInt(36)).isEqualTo((int) FACS);
        assertThat(fadt.getLong(140)).isEqualTo(BASE);
    }

    @Test
    void processorsBeyondTheReachOfXapicTakeTheLongForm() {
        var madt = table(board(300), "APIC");

        assertThat(madt.capacity()).isEqualTo(44 + 255 * 8 + 45 * 16 + 12 + 2 * 10 + 6 + 12);
    }

    @Test
    void aMachineWithoutHpetHasNoTableOfIt() {
        var placed = new AcpiTables(AcpiConfig.board(1).withHpet(0), List.of()).place(BASE, FACS);

        assertThat(placed.tables()).extracting(blob -> signature(blob.bytes())).doesNotContain("HPET");
    }

    @Test
    void aPluginsTableIsListedWithTheOthers() {
        var dmar = Table.of("DMAR", 1, new byte[12]);
        var placed = new AcpiTables(AcpiConfig.board(1), List.of(dmar)).place(BASE, FACS);

        assertThat(table(placed, "XSDT").capacity()).isEqualTo(36 + 6 * 8);
        assertThat(placed.tables()).extracting(blob -> signature(blob.bytes())).contains("DMAR");
    }

    @Test
    void aTableWithAWrongChecksumIsRefused() {
        var dmar = Table.of("DMAR", 1, new byte[12]);
        dmar[40] = 1;

        assertThatThrownBy(() -> new AcpiTables(AcpiConfig.board(1), List.of(dmar)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void packageLengthsAreRightOnBothSidesOfTheirLimits() {
        // One byte up to 62 bytes of content, two up to 4093.
        assertThat(Aml.scope("ABCD", new byte[58])[1]).isEqualTo((byte) 63);
        assertThat(Aml.scope("ABCD", new byte[59])).startsWith(0x10, 0x41, 0x04);
        assertThat(Aml.scope("ABCD", new byte[4089])).startsWith(0x10, 0x4F, 0xFF);
        assertThat(Aml.scope("ABCD", new byte[4090])).startsWith(0x10, 0x81, 0x00, 0x01);
    }
}
