package io.sluice.guest.judge;

import io.sluice.vmm.boot.BootConfig;
import io.sluice.vmm.boot.BootFile;
import io.sluice.vmm.boot.BootImage;
import io.sluice.vmm.boot.Firmware;
import io.sluice.vmm.boot.GuestMemory;
import io.sluice.vmm.boot.MemoryLayout;
import io.sluice.vmm.boot.acpi.AcpiConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Loads a guest as Sluice does and writes what QEMU needs to enter it in the same state, without any of QEMU's own
/// loaders or tables: memory as one file, and a ROM that leads to the entry. Prints QEMU's command line.
///
/// Arguments: directory, RAM in MiB, kernel, initrd or `-`, command line, and optionally `raw` to let the kernel unpack
/// itself.
public final class QemuJudge {
    private QemuJudge() {}

    public static void main(String[] arguments) throws IOException {
        var directory = Files.createDirectories(Path.of(arguments[0]));
        var layout = new MemoryLayout(Long.parseLong(arguments[1]) << 20);
        // QEMU's q35 has no fw_cfg where Sluice's board has it, in terms of who may claim it; the rest is alike.
        var firmware = Firmware.build(layout, AcpiConfig.board(1), List.of());
        var config = BootConfig.of(BootFile.read("kernel", Path.of(arguments[2])), firmware)
                .withCommandLine(arguments[4])
                .withDecompress(arguments.length < 6)
                .withRngSeed(new byte[32]);
        if (!arguments[3].equals("-")) {
            config = config.withModules(List.of(BootFile.read("initrd", Path.of(arguments[3]))));
        }
        var ram = new byte[Math.toIntExact(layout.lowEnd())];
        GuestMemory memory = (address, source, offset, length) -> {
            System.arraycopy(source, offset, ram, (int) address, length);
            return true;
        };
        long start = System.nanoTime();
        var image = BootImage.read(config);
        long parsed = System.nanoTime();
        var state = image.load(memory);
        System.err.printf(
                "%s: read in %d ms, written in %d ms; %s%n",
                image.description(), (parsed - start) / 1_000_000, (System.nanoTime() - parsed) / 1_000_000, state);
        var rom = Arrays.copyOfRange(ram, Trampoline.ROM_BASE, 0x10_0000);
        Trampoline.install(rom, state);
        Files.write(directory.resolve("rom"), rom);
        Files.write(directory.resolve("low"), Arrays.copyOfRange(ram, 0, 0xA_0000));
        Files.write(directory.resolve("high"), Arrays.copyOfRange(ram, 0x10_0000, ram.length));
        System.out.printf(
                "qemu-system-x86_64 -M q35 -m %s -nodefaults -display none -serial stdio -no-reboot -bios %s"
                        + " -device loader,file=%s,addr=0,force-raw=on -device loader,file=%s,addr=0x100000,force-raw=on%n",
                arguments[1], directory.resolve("rom"), directory.resolve("low"), directory.resolve("high"));
    }
}
