package io.sluice.guest.debian;

import io.sluice.guest.GuestCache;
import io.sluice.guest.initramfs.Initramfs;
import io.sluice.vmm.plugin.GuestImage;
import io.sluice.vmm.plugin.PreparedGuest;
import io.sluice.vmm.plugin.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Debian's stock kernel, and a shell of Debian's busybox on its first serial port.
///
/// Tests make variants: [#withModules] for drivers that are not built in, [#withFiles] for programs and scripts of
/// their own, which `sluice.rc=PATH` on the kernel's command line runs before the shell.
public final class DebianGuest implements GuestImage {
    /// On the console once the shell is there.
    public static final String READY = "sluice: the guest is ready";

    /// On the console after the script named by `sluice.rc=`, followed by its exit status.
    public static final String RC_ENDED = "sluice: rc ended with status ";

    /// - `console=ttyS0`: kernel and shell talk on the first serial port.
    /// - `quiet`: every character on the console is a trapped write; the log is in `dmesg` all the same.
    /// - `panic=-1`: a panic reboots at once, where it would hang.
    /// - `mitigations=off`: an emulated processor does not speculate; without this each system call would switch page
    ///   tables.
    /// - `cryptomgr.notests`: the kernel's self-tests of its ciphers take as many instructions as the rest of the boot.
    /// - `no_timer_check`: on a busy host ten ticks take longer than the kernel allows them in its check, and it calls
    ///   the machine broken. Under hypervisors that it knows it leaves the check out.
    public static final String APPEND = "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests no_timer_check";

    /// Drivers that the guest loads when it finds what they are for: disks and their file system, the power button.
    private static final List<String> ON_DEMAND = List.of("nvme", "ext4", "crc32c_generic", "button", "evdev");

    private final GuestCache cache;
    private final Set<String> modules;
    private final Consumer<Initramfs.Builder> files;

    private DebianGuest(GuestCache cache, Set<String> modules, Consumer<Initramfs.Builder> files) {
        this.cache = cache;
        this.modules = modules;
        this.files = files;
    }

    public static DebianGuest of(GuestCache cache) {
        return new DebianGuest(cache, Set.of(), builder -> {});
    }

    /// The same with kernel modules, which are loaded before anything else runs, each after those that it needs.
    public DebianGuest withModules(String... names) {
        var all = new LinkedHashSet<>(modules);
        all.addAll(List.of(names));
        return new DebianGuest(cache, all, files);
    }

    /// The same with further files.
    public DebianGuest withFiles(Consumer<Initramfs.Builder> more) {
        return new DebianGuest(cache, modules, files.andThen(more));
    }

    @Override
    public String name() {
        return "debian";
    }

    @Override
    public String description() {
        return "Debian's stock kernel with a busybox shell";
    }

    @Override
    public PreparedGuest prepare(Progress progress) {
        return cache.exclusively(() -> build(progress));
    }

    private PreparedGuest build(Progress progress) throws IOException {
        var packages = new Packages(cache, Packages.COMMANDS).get(progress);
        var kernelFiles = new KernelFiles(cache, packages.kernel(), packages.release());
        var kernel = kernelFiles.kernel(progress);
        var builder = root(busybox(packages));
        var loaded = kernelFiles.modules(modules, progress);
        var held = new LinkedHashSet<>(loaded);
        held.addAll(kernelFiles.modules(new LinkedHashSet<>(ON_DEMAND), progress));
        new ModuleTree(packages.release()).addTo(builder, held);
        var names = loaded.stream().map(ModuleTree::nameOf).toList();
        builder.file("/etc/modules", 0644, names.isEmpty() ? "" : String.join("\n", names) + "\n");
        files.accept(builder);
        var initrd = cache.storeByContent(
                "debian/initramfs", ".cpio", builder.build().bytes());
        return new PreparedGuest(kernel, initrd, APPEND, List.of(), READY);
    }

    private static byte[] busybox(Packages.Pair packages) throws IOException {
        var found = new byte[1][];
        packages.busybox().files((path, content) -> {
            if (path.equals("/bin/busybox") || path.equals("/usr/bin/busybox")) {
                found[0] = content.read();
            }
            return found[0] == null;
        });
        if (found[0] == null) {
            throw Packages.refusal("busybox-static", "it holds no busybox");
        }
        return found[0];
    }

    /// The root file system without modules.
    static Initramfs.Builder root(byte[] busybox) {
        return Initramfs.builder()
                .file("/bin/busybox", 0755, busybox)
                .file("/init", 0755, resource("init"))
                .file("/etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n")
                .file("/etc/group", 0644, "root:x:0:\n")
                .file("/etc/hosts", 0644, "127.0.0.1 localhost sluice\n")
                .file("/etc/profile", 0644, resource("profile"))
                .file("/etc/acpi/PWRF/00000080", 0755, "#!/bin/sh\npoweroff -f\n")
                .directory("/dev", 0755)
                .characterDevice("/dev/console", 0600, 5, 1)
                .characterDevice("/dev/null", 0666, 1, 3)
                .directory("/proc", 0555)
                .directory("/sys", 0555)
                .directory("/run", 0755)
                .directory("/tmp", 01777)
                .directory("/root", 0700)
                .directory("/usr/bin", 0755)
                .link("/sbin", "bin")
                .directory("/var/log", 0755);
    }

    private static byte[] resource(String name) {
        try (InputStream stream = DebianGuest.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("missing resource: " + name);
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
