package io.sluice.guest.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.guest.GuestCache;
import io.sluice.guest.initramfs.CpioArchive;
import io.sluice.vmm.boot.BootConfig;
import io.sluice.vmm.boot.BootFile;
import io.sluice.vmm.boot.BootImage;
import io.sluice.vmm.boot.EntryState;
import io.sluice.vmm.boot.Firmware;
import io.sluice.vmm.boot.MemoryLayout;
import io.sluice.vmm.boot.acpi.AcpiConfig;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PreparedGuest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// On Debian's real packages, through the user's cache. Where they cannot be had the failure says how to get them.
class DebianGuestTest {
    private final GuestCache cache = GuestCache.ofUser();

    private static PreparedGuest prepare(DebianGuest guest) {
        return guest.prepare((what, done, total) -> {});
    }

    private static Path initrd(PreparedGuest guest) {
        return Objects.requireNonNull(guest.initrd());
    }

    @Test
    void theStockKernelIsUnpackedAndEnteredAtItsLinkAddress() {
        var guest = prepare(DebianGuest.of(cache));
        var firmware = Firmware.build(new MemoryLayout(512L << 20), AcpiConfig.board(1), List.of());
        var config = BootConfig.of(BootFile.read("kernel", guest.kernel()), firmware)
                .withModules(List.of(BootFile.read("initrd", initrd(guest))))
                .withCommandLine(guest.append());
        var image = BootImage.read(config);

        var state = (EntryState.LongMode) image.load((address, source, offset, length) -> true);

        assertThat(image.description()).startsWith("Linux boot protocol 2.").endsWith("payload unpacked");
        assertThat(state.rip().bits()).isEqualTo(0x100_0000);
    }

    @Test
    void theArchiveHoldsInitBusyboxAndTheConsole() throws Exception {
        var archive = CpioArchive.read(Files.readAllBytes(initrd(prepare(DebianGuest.of(cache)))));

        assertThat(archive.paths()).contains("init", "bin/busybox", "dev/console", "etc/passwd", "proc", "sys");
        assertThat(archive.entry("init").mode()).isEqualTo(0x8000 | 0755);
        assertThat(archive.entry("bin/busybox").content()).startsWith(0x7F, 'E', 'L', 'F');
        assertThat(archive.entry("etc/modules").content()).isEmpty();
    }

    @Test
    void preparingTwiceGivesTheSameFiles() {
        assertThat(prepare(DebianGuest.of(cache))).isEqualTo(prepare(DebianGuest.of(cache)));
    }

    @Test
    void modulesComeAfterWhatTheyNeed() throws Exception {
        var archive = CpioArchive.read(
                Files.readAllBytes(initrd(prepare(DebianGuest.of(cache).withModules("nvme")))));

        var order = new String(archive.entry("etc/modules").content(), StandardCharsets.UTF_8)
                .lines()
                .map(ModuleFile::nameOf)
                .toList();
        assertThat(order).contains("nvme_core").endsWith("nvme");
        assertThat(archive.paths()).anyMatch(path -> path.matches("lib/modules/[^/]+/nvme_core\\.ko"));
    }

    @Test
    void driversAreThereToBeAskedForByWhatTheyAreFor() throws Exception {
        var archive = CpioArchive.read(Files.readAllBytes(initrd(prepare(DebianGuest.of(cache)))));
        var directory = archive.paths().stream()
                .filter(path -> path.endsWith("/nvme.ko"))
                .findFirst()
                .orElseThrow()
                .replace("nvme.ko", "");

        assertThat(text(archive, directory + "modules.alias"))
                .contains("alias pci:v*d*sv*sd*bc01sc08i02* nvme\n", "alias fs-ext4 ext4\n");
        var lines = text(archive, directory + "modules.dep").lines().toList();
        assertThat(lines).contains("button.ko:").anyMatch(line -> line.startsWith("nvme.ko: nvme_core.ko "));
        for (var line : lines) {
            assertThat(archive.paths())
                    .containsAll(List.of(line.split(":? ")).stream()
                            .map(name -> directory + name.replace(":", ""))
                            .toList());
        }
    }

    private static String text(CpioArchive archive, String path) {
        return new String(archive.entry(path).content(), StandardCharsets.UTF_8);
    }

    @Test
    void aModuleThatTheKernelDoesNotHaveIsRefusedByName() {
        assertThatThrownBy(() -> prepare(DebianGuest.of(cache).withModules("no-such")))
                .isInstanceOf(PluginException.class)
                .hasMessage("the kernel package has no module no_such");
    }

    @Test
    void testsAddFilesOfTheirOwn() throws Exception {
        var guest = DebianGuest.of(cache).withFiles(files -> files.file("/etc/rc", 0755, "#!/bin/sh\necho hi\n"));

        var archive = CpioArchive.read(Files.readAllBytes(initrd(prepare(guest))));

        assertThat(archive.entry("etc/rc").mode()).isEqualTo(0x8000 | 0755);
    }
}
