package io.sluice.vmm.testkit;

import io.sluice.vmm.control.OptionInfo;
import io.sluice.vmm.machine.BootSector;
import io.sluice.vmm.machine.DebugPort;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.PanicAction;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.RunState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// Real machines with a guest of a few instructions, each in the state of life that is asked for, behind a real control
/// socket.
///
/// Words: a state (`running`, which is the default, `prelaunch`, `paused`, `debug`, `shutdown`, `guest-panicked`,
/// `internal-error`, and `no-shutdown`, which runs and stays when its guest ends); a guest (`halt`, which is the
/// default,
/// `spin`, `slots`, which serves the button of slot rp1, `stubborn`, which never lets go of what is in it, `poweroff`,
/// `panic`, `reset`, which does so once, `clock`, which sets the board's when something is typed, `dma`, which has the
/// device at 00:04.0 write where there is no memory when something is typed); `raw`, which is the transcript's.
public final class MachineStage implements QmpStage, AutoCloseable {
    private static final Set<String> STATES =
            Set.of("prelaunch", "paused", "debug", "shutdown", "no-shutdown", "guest-panicked", "internal-error");
    private static final Set<String> GUESTS =
            Set.of("halt", "slots", "stubborn", "poweroff", "reset", "panic", "clock", "dma", "spin");
    private static final Map<String, String> GUEST_OF_STATE =
            Map.of("shutdown", "poweroff", "guest-panicked", "panic", "debug", "spin");

    /// Those in which the machine stays when its guest has ended, or it has failed.
    private static final Set<String> STAYING = Set.of("shutdown", "no-shutdown", "internal-error");

    private static final int RTC_INDEX = 0x70;
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String SOCKET = "qmp.sock";
    private static final List<OptionInfo> OPTIONS =
            List.of(new OptionInfo("device", List.of()), new OptionInfo("msg", List.of("timestamp")));

    private final Path root;
    private final String[] devices;
    private int machines;
    private Path directory;
    private int printed;
    private @Nullable MachineRig rig;
    private @Nullable QmpTestClient client;
    private @Nullable CommandTable table;

    /// @param devices what every machine has, `TYPE,KEY=VALUE`
    public MachineStage(Path root, String... devices) {
        this.root = root;
        this.directory = root;
        this.devices = devices;
    }

    @Override
    public QmpTestClient machine(List<String> words) throws IOException {
        close();
        directory = Files.createDirectory(root.resolve("machine" + machines++));
        printed = 0;
        var state = state(words);
        var life = new MachineConfig.Life(state.equals("prelaunch"), false, STAYING.contains(state), PanicAction.PAUSE);
        var made = MachineRig.start(guest(words, state).config(directory, life, devices));
        rig = made;
        lead(made, state);
        var socket = directory.resolve(SOCKET);
        table = made.serve(socket, "control0", OPTIONS);
        var connected = QmpTestClient.connect(socket);
        client = connected;
        return connected;
    }

    private static String state(List<String> words) {
        return words.stream().filter(STATES::contains).findFirst().orElse("running");
    }

    private static BootSector guest(List<String> words, String state) {
        var name =
                words.stream().filter(GUESTS::contains).findFirst().orElse(GUEST_OF_STATE.getOrDefault(state, "halt"));
        var guest = new BootSector().print("on ");
        return switch (name) {
            case "slots" -> guest.slotDriver();
            case "stubborn" -> guest.slotRefuser();
            case "poweroff" -> guest.powerOff();
            case "reset" -> guest.skipUnlessFirst(new BootSector().reset()).halt();
            case "panic" -> guest.print("\nKernel panic - not syncing: x\n").reset();
            case "clock" ->
                guest.awaitInput().out(RTC_INDEX, 0).out(RTC_INDEX + 1, 0x30).halt();
            case "dma" -> guest.awaitInput().dmaNowhere().halt();
            case "spin" -> guest.spin();
            default -> guest.halt();
        };
    }

    /// Brings a machine into a state.
    private static void lead(MachineRig rig, String state) {
        switch (state) {
            case "prelaunch" -> {}
            case "shutdown" -> await(rig, RunState.SHUTDOWN);
            case "guest-panicked" -> await(rig, RunState.GUEST_PANICKED);
            case "paused" -> {
                rig.console().await("on ", SOON);
                rig.ask(Machine::pause);
            }
            case "debug" -> {
                rig.console().await("on ", SOON);
                rig.ask(MachineStage::step);
                await(rig, RunState.DEBUG);
            }
            case "internal-error" -> {
                rig.console().await("on ", SOON);
                rig.ask(MachineStage::fail);
                await(rig, RunState.INTERNAL_ERROR);
            }
            default -> rig.console().await("on ", SOON);
        }
    }

    private static boolean step(Machine machine) {
        var debugger = machine.debugger();
        return debugger.attach(new Deaf()) && debugger.resume(List.of(DebugPort.Motion.STEP), false);
    }

    private static boolean fail(Machine machine) {
        machine.failed("test", new IllegalStateException("made up"));
        return true;
    }

    private static void await(MachineRig rig, RunState state) {
        Awaitility.await().atMost(SOON).pollInterval(Duration.ofMillis(2)).until(() -> rig.runState() == state);
    }

    private static final class Deaf implements DebugPort.Listener {
        @Override
        public void stopped(DebugPort.Stop why) {}

        @Override
        public void ended(int status) {}
    }

    @Override
    public void await(String text) {
        printed = rig().console().await(text, printed, SOON);
    }

    @Override
    public void type(String text) {
        rig().console().type(text);
    }

    @Override
    public Path directory() {
        return directory;
    }

    /// As [#machine], for who talks to it otherwise.
    public void enter(String state) {
        try {
            machine(List.of(state));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Does `question` on the thread that owns the machine.
    public <T> T ask(Function<Machine, T> question) {
        return rig().ask(question);
    }

    /// The commands of the machine that is there.
    public CommandTable table() {
        if (table == null) {
            throw new IllegalStateException("there is no machine");
        }
        return table;
    }

    /// What the machine that is there says of its commands.
    public QmpSchema schema() {
        try (var asking = QmpTestClient.connect(directory.resolve(SOCKET)).negotiate()) {
            var answer = asking.call("{\"execute\": \"query-qmp-schema\"}");
            return new QmpSchema(answer.substring("{\"return\": ".length(), answer.length() - 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private MachineRig rig() {
        if (rig == null) {
            throw new IllegalStateException("there is no machine");
        }
        return rig;
    }

    /// Ends the machine that is there.
    @Override
    public void close() {
        try {
            if (client != null) {
                client.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (rig != null) {
            rig.close();
        }
        client = null;
        rig = null;
    }
}
