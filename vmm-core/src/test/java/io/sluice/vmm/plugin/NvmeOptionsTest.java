package io.sluice.vmm.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.meter.Meter;
import io.sluice.vmm.testkit.PciBoard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class NvmeOptionsTest {
    private final PciBoard board = new PciBoard();
    private final TestContext context = new TestContext(board);
    private final Drives drives = context.drives();
    private final PluginRegistry registry = new PluginRegistry();

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        new BuiltinDevices().register(registry);
        drives.open("d0", Files.write(directory.resolve("d0.img"), new byte[1 << 20]), false);
        drives.open("tiny", Files.write(directory.resolve("tiny.img"), new byte[511]), false);
    }

    @AfterEach
    void close() {
        drives.close();
        board.close();
    }

    private Attachable make(String... properties) {
        var all = new HashMap<String, String>();
        for (var property : properties) {
            all.put(property.substring(0, property.indexOf('=')), property.substring(property.indexOf('=') + 1));
        }
        return registry.createDevice("nvme", all, context).device();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "drive=d0 | serial property not set",
                "serial=s,drive=d9 | Property 'nvme.drive' can't find value 'd9'",
                "serial=s,drive=tiny | Drive 'tiny' has no room for a block of 512 bytes",
                "serial=s,max_ioqpairs=0 | max_ioqpairs must be between 1 and 64",
                "serial=s,max_ioqpairs=65 | max_ioqpairs must be between 1 and 64",
                "serial=s,msix_qsize=0 | msix_qsize must be between 1 and 2048",
                "serial=s,msix_qsize=2049 | msix_qsize must be between 1 and 2048",
                "serial=s,mdts=10 | mdts must be between 1 and 9",
                "serial=s,logical_block_size=256 | Property nvme.logical_block_size doesn't take value 256 (minimum: 512, maximum: 4096)",
                "serial=s,logical_block_size=1000 | Property nvme.logical_block_size doesn't take value '1000', it's not a power of 2",
                "serial=s,colour=red | Property 'nvme.colour' not found",
            })
    void whatCannotBeIsRefusedInWords(String properties, String message) {
        assertThatThrownBy(() -> make(properties.split(",")))
                .isInstanceOf(PluginException.class)
                .hasMessage(message);
        assertThat(Objects.requireNonNull(drives.find("d0")).isTaken()).isFalse();
    }

    @Test
    void aDriveIsForOneDeviceUntilThatIsGone() {
        var first = make("serial=s", "drive=d0");

        assertThatThrownBy(() -> make("serial=t", "drive=d0"))
                .hasMessage("Drive 'd0' is already in use by another device");
        first.close();
        make("serial=t", "drive=d0").close();
    }

    @Test
    void aControllerNeedsNoDriveAndBlocksMayBeLarge() {
        make("serial=s").close();
        make("serial=s", "drive=d0", "logical_block_size=4k", "physical_block_size=512", "max_ioqpairs=64", "mdts=9")
                .close();
    }

    @Test
    void metersGoWithTheDevice() {
        var device = make("serial=s", "drive=d0");
        var during = context.meters().meters().keySet();
        device.close();

        assertThat(during)
                .contains(
                        new Meter.Id("sluice.nvme.commands", Map.of("drive", "d0", "kind", "read")),
                        new Meter.Id("sluice.drive.bytes", Map.of("drive", "d0", "operation", "write")));
        assertThat(context.meters().meters()).isEmpty();
    }
}
