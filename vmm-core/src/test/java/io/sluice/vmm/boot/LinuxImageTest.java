package io.sluice.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.boot.acpi.AcpiConfig;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LinuxImageTest {
    private static final byte[] ELF = Kernels.linuxElf();
    private final SparseMemory memory = new SparseMemory(Kernels.layout());

    private static byte[] gzipKernel() {
        return Kernels.linux(Kernels.gzip(ELF));
    }

    static Stream<Arguments> payloads() {
        return Stream.of(
                Arguments.of("GZIP", Kernels.gzip(ELF)),
                Arguments.of("XZ", Kernels.withSize(Kernels.xzWithBcj(ELF), ELF.length)),
                Arguments.of("ZSTD", Kernels.withSize(Kernels.zstd(ELF), ELF.length)),
                Arguments.of("LZMA", Kernels.withSize(Kernels.lzma(ELF), ELF.length)),
                Arguments.of("LZ4", Kernels.withSize(Kernels.legacyLz4(ELF), ELF.length)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("payloads")
    void thePayloadIsUnpackedOnTheHostAndEnteredWhereItIsLinked(String name, byte[] packed) {
        var image = BootImage.read(Kernels.config(Kernels.linux(packed)));

        var state = (EntryState.LongMode) image.load(memory);

        assertThat(image.description()).isEqualTo("Linux boot protocol 2.15, " + name + " payload unpacked");
        assertThat(state.rip().bits()).isEqualTo(Kernels.LINUX_ADDRESS);
        assertThat(memory.u8(Kernels.LINUX_ADDRESS + 97)).isEqualTo(1);
        assertThat(memory.u8(Kernels.LINUX_ADDRESS + 65535)).isEqualTo(65535 / 97 & 0xFF);
    }

    @Test
    void withoutDecompressionTheKernelsOwnEntryIsTaken() {
        var kernel = gzipKernel();
        kernel[Kernels.KERNEL_OFFSET + 0x200] = 0x5A;

        var state = (EntryState.LongMode)
                BootImage.read(Kernels.config(kernel).withDecompress(false)).load(memory);

        assertThat(state.rip().bits()).isEqualTo(Kernels.LINUX_ADDRESS + 0x200);
        assertThat(memory.u8(state.rip().bits())).isEqualTo(0x5A);
    }

    @Test
    void whatTheHostCannotUnpackTheKernelUnpacks() {
        var kernel = Kernels.linux(Kernels.withSize(new byte[] {'B', 'Z', 'h', '9', 1, 2, 3, 4}, 4711));

        assertThat(BootImage.read(Kernels.config(kernel)).description())
                .isEqualTo("Linux boot protocol 2.15, unpacks itself");
    }

    @Test
    void theZeroPageTellsOfCommandLineInitrdSeedMapAndRootPointer() {
        var config = Kernels.config(gzipKernel())
                .withCommandLine("console=ttyS0 quiet")
                .withModules(List.of(new BootFile("initrd", new byte[] {1, 2, 3})))
                .withRngSeed(new byte[] {9, 8, 7, 6});

        var state = (EntryState.LongMode) BootImage.read(config).load(memory);

        long page = state.rsi().bits();
        assertThat(memory.i32(page + 0x202)).isEqualTo(0x53726448);
        assertThat(memory.u8(page + 0x210)).isEqualTo(0xFF);
        assertThat(memory.text(memory.i32(page + 0x228))).isEqualTo("console=ttyS0 quiet");
        assertThat(memory.bytes(memory.i32(page + 0x218), 3)).containsExactly(1, 2, 3);
        assertThat(memory.i32(page + 0x21C)).isEqualTo(3);
        long seed = memory.u64(page + 0x250);
        assertThat(memory.i32(seed + 8)).isEqualTo(9);
        assertThat(memory.bytes(seed + 16, 4)).containsExactly(9, 8, 7, 6);
        assertThat(memory.u64(page + 0x70)).isEqualTo(0xF0000);
        assertThat(memory.u8(page + 0x1E8))
                .isEqualTo(config.firmware().map().entries().size());
        assertThat(memory.u64(page + 0x2D0 + 8)).isEqualTo(0x9FC00);
        assertThat(memory.u8(page + 0x1EF)).isZero();
    }

    @Test
    void theInitrdLiesAtTheTopOfUsableLowMemory() {
        var config = Kernels.config(gzipKernel()).withModules(List.of(new BootFile("initrd", new byte[5000])));
        var usable = config.firmware().map().entries().get(3);

        var state = (EntryState.LongMode) BootImage.read(config).load(memory);

        assertThat(memory.i32(state.rsi().bits() + 0x218)).isEqualTo((int) (usable.last() + 1 - 8192));
    }

    @Test
    void theFirstFourGigabytesAreMappedToThemselves() {
        var state = (EntryState.LongMode)
                BootImage.read(Kernels.config(gzipKernel())).load(memory);

        assertThat(translate(state.cr3().bits(), 0x1234)).isEqualTo(0x1234);
        assertThat(translate(state.cr3().bits(), 0x8765_4321L)).isEqualTo(0x8765_4321L);
        assertThat(translate(state.cr3().bits(), 0xFFFF_FFFFL)).isEqualTo(0xFFFF_FFFFL);
    }

    private long translate(long root, long address) {
        long pml4 = memory.u64(root + 8 * (address >> 39 & 511));
        long pdpt = memory.u64((pml4 & ~0xFFFL) + 8 * (address >> 30 & 511));
        long directory = memory.u64((pdpt & ~0xFFFL) + 8 * (address >> 21 & 511));
        assertThat(directory & 0x83).isEqualTo(0x83);
        return (directory & ~0x1F_FFFFL) + (address & 0x1F_FFFF);
    }

    @Test
    void theDescriptorTableHoldsWhatTheSelectorsName() {
        var state = (EntryState.LongMode)
                BootImage.read(Kernels.config(gzipKernel())).load(memory);

        assertThat(memory.u64(state.gdt().bits() + EntryState.CODE_SELECTOR)).isEqualTo(0x00AF_9B00_0000_FFFFL);
        assertThat(memory.u64(state.gdt().bits() + EntryState.DATA_SELECTOR)).isEqualTo(0x00CF_9300_0000_FFFFL);
        assertThat(state.gdtLimit()).isEqualTo(31);
    }

    @Test
    void loadingAgainAfterAResetGivesTheSame() {
        var image = BootImage.read(Kernels.config(gzipKernel()).withCommandLine("a"));
        var second = new SparseMemory(Kernels.layout());

        var states = List.of(image.load(memory), image.load(second));

        assertThat(states.get(0)).isEqualTo(states.get(1));
        assertThat(second.bytes(0, 0x10000)).isEqualTo(memory.bytes(0, 0x10000));
    }

    @Test
    void aTruncatedKernelIsRefusedWithItsSizes() {
        var kernel = gzipKernel();
        var half = java.util.Arrays.copyOf(kernel, 1024);

        assertThatThrownBy(() -> BootImage.read(Kernels.config(half)))
                .isInstanceOf(BootException.class)
                .hasMessage("kernel image is truncated: header says " + kernel.length + " bytes, file has 1024");
    }

    @Test
    void aKernelWithoutA64BitEntryIsRefused() {
        var kernel = gzipKernel();
        kernel[0x236] = 0;

        assertThatThrownBy(() -> BootImage.read(Kernels.config(kernel)))
                .hasMessage("kernel has no 64-bit entry: it speaks boot protocol 2.15 without XLF_KERNEL_64");
    }

    @Test
    void aCommandLineLongerThanTheKernelTakesIsRefused() {
        var config = Kernels.config(gzipKernel()).withCommandLine("x".repeat(2048));

        assertThatThrownBy(() -> BootImage.read(config))
                .hasMessage("the kernel command line has 2048 bytes, this kernel takes 2047");
    }

    @Test
    void anInitrdThatDoesNotFitIsRefused() {
        var config = Kernels.config(gzipKernel()).withModules(List.of(new BootFile("initrd", new byte[70 << 20])));

        assertThatThrownBy(() -> BootImage.read(config).load(memory))
                .isInstanceOf(BootException.class)
                .hasMessageStartingWith("no room in memory for the initrd of 73400320 bytes");
    }

    @Test
    void aPayloadThatClaimsMoreThanTheKernelKeepsFreeIsRefusedBeforeAnythingIsAllocated() {
        var kernel = Kernels.linux(Kernels.withSize(Kernels.zstd(ELF), 0xFFFF_FFF0));

        assertThatThrownBy(() -> BootImage.read(Kernels.config(kernel)))
                .hasMessage("kernel image is malformed: its payload says it unpacks to 4294967280 bytes, the most is "
                        + Kernels.LINUX_INIT_SIZE);
    }

    @Test
    void aGuestWithTooLittleMemoryIsToldWhatTheKernelNeeds() {
        var firmware = Firmware.build(new MemoryLayout(8 << 20), AcpiConfig.board(1), List.of());
        var config = BootConfig.of(new BootFile("kernel", gzipKernel()), firmware);

        assertThatThrownBy(() -> BootImage.read(config))
                .isInstanceOf(BootException.class)
                .hasMessage("the kernel needs memory from 0x1000000 to 0x1200000, and the guest's ends at 0x800000");
    }

    @Test
    void aBrokenPayloadIsRefused() {
        var packed = Kernels.withSize(Kernels.xzWithBcj(ELF), ELF.length);
        packed[packed.length / 2] ^= 0x40;

        assertThatThrownBy(() -> BootImage.read(Kernels.config(Kernels.linux(packed))))
                .isInstanceOf(BootException.class)
                .hasMessageStartingWith("kernel image is malformed: its XZ payload is broken: ");
    }
}
