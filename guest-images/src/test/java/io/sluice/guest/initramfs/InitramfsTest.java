package io.sluice.guest.initramfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class InitramfsTest {
    private static Initramfs.Builder some() {
        return Initramfs.builder()
                .file("/bin/tool", 0755, new byte[] {1, 2, 3, 4, 5})
                .link("/sbin", "bin")
                .characterDevice("/dev/console", 0600, 5, 1)
                .directory("/tmp", 01777);
    }

    @Test
    void whatWentInComesOut() {
        var archive = CpioArchive.read(some().build().bytes());

        assertThat(archive.paths()).containsExactly("bin", "bin/tool", "dev", "dev/console", "sbin", "tmp");
        assertThat(archive.entry("bin").mode()).isEqualTo(0x4000 | 0755);
        assertThat(archive.entry("bin/tool").mode()).isEqualTo(0x8000 | 0755);
        assertThat(archive.entry("bin/tool").content()).containsExactly(1, 2, 3, 4, 5);
        assertThat(archive.entry("sbin").content()).isEqualTo("bin".getBytes(StandardCharsets.UTF_8));
        assertThat(archive.entry("dev/console"))
                .extracting(CpioArchive.Entry::mode, CpioArchive.Entry::major, CpioArchive.Entry::minor)
                .containsExactly(0x2000 | 0600, 5, 1);
        assertThat(archive.entry("tmp").mode()).isEqualTo(0x4000 | 01777);
    }

    @Test
    void everyEntryHasAnInodeOfItsOwn() {
        var archive = CpioArchive.read(some().build().bytes());

        assertThat(archive.paths())
                .extracting(path -> archive.entry(path).inode())
                .doesNotHaveDuplicates();
    }

    @Test
    void theSameContentGivesTheSameBytesInWhateverOrderItCame() {
        var reversed = Initramfs.builder()
                .directory("/tmp", 01777)
                .characterDevice("/dev/console", 0600, 5, 1)
                .link("/sbin", "bin")
                .file("/bin/tool", 0755, new byte[] {1, 2, 3, 4, 5});

        assertThat(reversed.build().bytes()).isEqualTo(some().build().bytes());
    }

    @Test
    void theLaterFileWins() {
        var archive =
                CpioArchive.read(some().file("/bin/tool", 0644, "new").build().bytes());

        assertThat(archive.entry("bin/tool").content()).isEqualTo("new".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void badPathsAndModesAreRefused() {
        assertThatThrownBy(() -> Initramfs.builder().directory("/", 0755)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Initramfs.builder().file("a//b", 0644, ""))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Initramfs.builder().file("a", 0100644, ""))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
