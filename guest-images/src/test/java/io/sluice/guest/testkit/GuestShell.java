package io.sluice.guest.testkit;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.testkit.MachineRig;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/// The shell of a Debian guest in a machine of this process: commands go in by the console, what they print comes back.
/// One thread uses it; closing it ends the machine.
public final class GuestShell implements AutoCloseable {
    private static final Duration BOOT = Duration.ofSeconds(240);
    private static final Duration SOON = Duration.ofSeconds(120);

    private final MachineRig machine;
    private int cursor;
    private int commands;

    /// A machine with Debian's kernel, one vCPU, 512 MiB and these devices. It is not started.
    ///
    /// @param modules of the kernel that the guest loads by itself, beside its usual ones
    public static MachineConfig config(List<Part> devices, String... modules) {
        return config(List.of(), devices, modules);
    }

    /// As [#config(List, String...)], with objects.
    public static MachineConfig config(List<Part> objects, List<Part> devices, String... modules) {
        return config(DebianGuest.of(GuestCache.ofUser()).withModules(modules), objects, devices);
    }

    /// As [#config(List, String...)], of a guest with more than modules.
    public static MachineConfig config(DebianGuest image, List<Part> objects, List<Part> devices) {
        var guest = image.prepare((what, done, total) -> {});
        return new MachineConfig(
                "debian",
                new UUID(1, 2),
                512L << 20,
                new MachineConfig.Cpus(1, "max"),
                new MachineConfig.Boot(guest.kernel(), guest.initrd(), guest.append(), true),
                List.of(new CharTarget.Stdio(false)),
                null,
                devices,
                objects,
                List.of(),
                new MachineConfig.Rtc(0),
                MachineConfig.Life.STANDARD,
                new MachineConfig.Log(Set.of(), null));
    }

    /// Waits for the shell of a machine that was just started.
    public GuestShell(MachineRig machine) {
        this.machine = machine;
        cursor = machine.console().await(DebianGuest.READY, BOOT);
        cursor = machine.console().await(GuestSession.PROMPT, cursor, SOON);
        ask("until_() { i=0; while ! eval \"$1\" && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done;"
                + " eval \"$1\" && echo yes; }");
    }

    public MachineRig machine() {
        return machine;
    }

    /// Runs a command to its end.
    ///
    /// @return what it printed, lines ending in `\n`, the last one without
    public String ask(String command) {
        return ask(command, SOON);
    }

    /// As [#ask(String)], for what takes longer.
    public String ask(String command, Duration most) {
        int number = ++commands;
        machine.console().type("echo @@''" + number + "; " + command + "; echo " + number + "''@@\r");
        int from = machine.console().await("@@" + number + "\r\n", cursor, most);
        int to = machine.console().await(number + "@@", from, most);
        cursor = machine.console().await(GuestSession.PROMPT, to, SOON);
        return machine.console()
                .text()
                .substring(from, to - (number + "@@").length())
                .replace("\r", "")
                .replaceFirst("\n$", "");
    }

    /// Whether a condition of the guest's shell holds within half a minute of the guest's life.
    public boolean until(String condition) {
        return ask("until_ '" + condition + "'").equals("yes");
    }

    /// Does something with the machine, on the thread that owns it.
    public void tell(Consumer<Machine> what) {
        machine.ask(running -> {
            what.accept(running);
            return true;
        });
    }

    @Override
    public void close() {
        machine.close();
    }
}
