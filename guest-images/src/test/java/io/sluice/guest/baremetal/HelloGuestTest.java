package io.sluice.guest.baremetal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.vmm.boot.BootConfig;
import io.sluice.vmm.boot.BootFile;
import io.sluice.vmm.boot.BootImage;
import io.sluice.vmm.boot.EntryState;
import io.sluice.vmm.boot.Firmware;
import io.sluice.vmm.boot.MemoryLayout;
import io.sluice.vmm.boot.acpi.AcpiConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HelloGuestTest {
    @Test
    void theImageIsAMultibootKernelThatFitsInto4Megabytes(@TempDir Path directory) {
        var guest = new HelloGuest(GuestCache.at(directory)).prepare((what, done, total) -> {});
        var firmware = Firmware.build(new MemoryLayout(4 << 20), AcpiConfig.board(1), List.of());
        var image = BootImage.read(BootConfig.of(BootFile.read("kernel", guest.kernel()), firmware));

        var state = (EntryState.Protected32) image.load((address, source, offset, length) -> true);

        assertThat(image.description()).isEqualTo("multiboot ELF kernel of 32 bits");
        assertThat(state.eip()).isEqualTo(0x10_0000);
        assertThat(guest.expectedConsoleText()).isEqualTo("hello> ");
    }

    @Test
    void theImageIsTheSameEachTime() {
        assertThat(new HelloKernel().image()).isEqualTo(new HelloKernel().image());
    }
}
