package io.sluice.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// PVH, multiboot and boot sectors.
class OtherImagesTest {
    private static final int ADDRESS = 0x20_0000;
    private final SparseMemory memory = new SparseMemory(Kernels.layout());

    private EntryState.Protected32 load(BootConfig config) {
        return (EntryState.Protected32) BootImage.read(config).load(memory);
    }

    @Test
    void aPvhKernelIsEnteredWhereItsNoteSays() {
        var kernel = Kernels.elf64(ADDRESS, new byte[256], 100, Kernels.pvhNote(ADDRESS + 16));
        var config = Kernels.config(kernel)
                .withCommandLine("root=/dev/vda")
                .withModules(List.of(new BootFile("initrd", new byte[] {4, 5})));

        var state = load(config);

        long info = state.ebx();
        assertThat(state.eip()).isEqualTo(ADDRESS + 16);
        assertThat(memory.i32(info)).isEqualTo(0x336EC578);
        assertThat(memory.i32(info + 4)).isEqualTo(1);
        assertThat(memory.i32(info + 12)).isEqualTo(1);
        assertThat(memory.text(memory.u64(info + 24))).isEqualTo("root=/dev/vda");
        assertThat(memory.u64(info + 32)).isEqualTo(0xF0000);
        assertThat(memory.i32(info + 48))
                .isEqualTo(config.firmware().map().entries().size());
        long module = memory.u64(info + 16);
        assertThat(memory.u64(module + 8)).isEqualTo(2);
        assertThat(memory.bytes(memory.u64(module), 2)).containsExactly(4, 5);
    }

    @Test
    void bssIsZeroedAfterTheFilesBytes() {
        memory.store(ADDRESS + 300, new byte[] {1});
        var kernel = Kernels.elf64(ADDRESS, new byte[256], 100, Kernels.pvhNote(ADDRESS));

        load(Kernels.config(kernel));

        assertThat(memory.u8(ADDRESS + 300)).isZero();
    }

    @Test
    void anElfFileThatDoesNotSayHowItIsEnteredIsRefused() {
        var kernel = Kernels.elf64(ADDRESS, new byte[256], 0, new byte[0]);

        assertThatThrownBy(() -> BootImage.read(Kernels.config(kernel)))
                .isInstanceOf(BootException.class)
                .hasMessage("kernel is an ELF file of 64 bits with neither a PVH note nor a multiboot header:"
                        + " it does not say how it is entered");
    }

    @Test
    void aKernelThatLiesOutsideOfMemoryIsRefused() {
        var kernel = Kernels.elf64(0x7000_0000, new byte[256], 0, Kernels.pvhNote(0x7000_0000));

        assertThatThrownBy(() -> load(Kernels.config(kernel)))
                .isInstanceOf(BootException.class)
                .hasMessage("a segment of the kernel does not fit into memory: it wants 0x70000000 to 0x700000ff,"
                        + " and the guest has 65143 KiB usable");
    }

    @Test
    void aMultibootElfKernelGetsMapModulesAndCommandLine() {
        var config = Kernels.config(Kernels.elf32(ADDRESS, Kernels.multibootHeader(3), 64))
                .withCommandLine("one two")
                .withModules(
                        List.of(new BootFile("first arg", new byte[] {1}), new BootFile("second", new byte[] {2, 2})));

        var state = load(config);

        long info = state.ebx();
        assertThat(state.eax()).isEqualTo(0x2BADB002);
        assertThat(state.eip()).isEqualTo(ADDRESS);
        assertThat(memory.i32(info) & 0x4D).isEqualTo(0x4D);
        assertThat(memory.i32(info + 4)).isEqualTo(639);
        assertThat(memory.text(memory.i32(info + 16))).isEqualTo("kernel.img one two");
        assertThat(memory.i32(info + 20)).isEqualTo(2);
        long modules = memory.i32(info + 24);
        assertThat(memory.text(memory.i32(modules + 8))).isEqualTo("first arg");
        assertThat(memory.i32(modules) % 4096).isZero();
        assertThat(memory.i32(modules + 4)).isEqualTo(memory.i32(modules) + 1);
        assertThat(memory.bytes(memory.i32(modules + 16), 2)).containsExactly(2, 2);
        assertThat(memory.i32(info + 44))
                .isEqualTo(24 * config.firmware().map().entries().size());
        assertThat(memory.i32(memory.i32(info + 48))).isEqualTo(20);
    }

    @Test
    void aFlatMultibootKernelLiesWhereItsHeaderSays() {
        var kernel = Kernels.le(64)
                .putInt(0xCAFE)
                .put(Kernels.multibootHeader(1 << 16))
                .putInt(ADDRESS + 4)
                .putInt(ADDRESS)
                .putInt(0)
                .putInt(ADDRESS + 4096)
                .putInt(ADDRESS + 40)
                .array();

        var state = load(Kernels.config(kernel));

        assertThat(state.eip()).isEqualTo(ADDRESS + 40);
        assertThat(memory.i32(ADDRESS)).isEqualTo(0xCAFE);
    }

    @Test
    void aMultibootKernelThatRequiresTheUnknownIsRefused() {
        var kernel = Kernels.elf32(ADDRESS, Kernels.multibootHeader(1 << 5), 0);

        assertThatThrownBy(() -> BootImage.read(Kernels.config(kernel)))
                .hasMessage("multiboot kernel requires what this loader does not know: flags 0x20");
    }

    @Test
    void onlyMultibootKernelsTakeSeveralModules() {
        assertThat(BootImage.takesModules(Kernels.elf32(ADDRESS, Kernels.multibootHeader(0), 0)))
                .isTrue();
        assertThat(BootImage.takesModules(Kernels.linux(new byte[16]))).isFalse();
    }

    @Test
    void modulesAreReadFromAListWithTheirArguments(@TempDir Path directory) throws Exception {
        var first = Files.write(directory.resolve("a,b"), new byte[] {1});
        var second = Files.write(directory.resolve("c"), new byte[] {2});

        var files = BootFile.readModules(first.toString().replace(",", ",,") + " x y," + second);

        assertThat(files).extracting(BootFile::text).containsExactly(first + " x y", second.toString());
        assertThat(files.get(1).bytes()).containsExactly(2);
    }

    @Test
    void aFileThatIsNotThereIsRefusedByName() {
        assertThatThrownBy(() -> BootFile.read("kernel", Path.of("/nonexistent/vmlinuz")))
                .hasMessage("cannot read kernel /nonexistent/vmlinuz: no such file");
    }

    @Test
    void aBootSectorIsEnteredInRealModeAt7C00() {
        var sector = new byte[600];
        sector[0] = (byte) 0xF4;
        sector[510] = 0x55;
        sector[511] = (byte) 0xAA;

        var state = BootImage.read(Kernels.config(sector)).load(memory);

        assertThat(state).isEqualTo(new EntryState.Real16(0, 0x7C00, 0x7C00, 0x80));
        assertThat(memory.u8(0x7C00)).isEqualTo(0xF4);
    }

    @Test
    void anythingElseIsNoKernel() {
        assertThatThrownBy(() -> BootImage.read(Kernels.config(new byte[4096])))
                .hasMessage("kernel image is of no known kind: 4096 bytes without a Linux, multiboot, ELF or"
                        + " boot-sector signature");
    }
}
