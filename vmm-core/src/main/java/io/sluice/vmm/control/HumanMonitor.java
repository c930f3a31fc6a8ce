package io.sluice.vmm.control;

import io.sluice.vmm.machine.CpuView;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.ShutdownCause;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qapi.RunState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The human monitor, which QMP reaches by `human-monitor-command`: a line in, text out, both as QEMU 7.2 has them
/// (docs/monitor.md). For the thread that owns the machine. Nothing that a guest or a user writes makes it throw, run
/// for long or print without end.
final class HumanMonitor {
    private static final String INFO = "info";

    private final Machine machine;
    private final DeviceCommands plugging;
    private final ScreenCommands screen;
    private final HumanInfo info;
    private final List<HumanCommand> infoCommands;
    private final List<HumanCommand> commands;
    /// What `x`, `xp` and `print` use where the format is silent.
    private HumanFormat format = HumanFormat.FIRST;

    HumanMonitor(Machine machine, DeviceCommands plugging, ScreenCommands screen) {
        this.machine = machine;
        this.plugging = plugging;
        this.screen = screen;
        this.info = new HumanInfo(machine);
        this.infoCommands = info.commands();
        this.commands = commands();
    }

    private List<HumanCommand> commands() {
        return List.of(
                new HumanCommand("cont|c", "", "resume emulation", this::resume),
                new HumanCommand("cpu", "index", "set the default CPU", this::selectCpu),
                new HumanCommand(
                        "device_add",
                        "driver[,prop=value][,...]",
                        "add device, like -device on the command line",
                        this::plug),
                new HumanCommand("device_del", "device", "remove device", this::unplug),
                new HumanCommand(
                        "gva2gpa",
                        "addr",
                        "print the guest physical address corresponding to a guest virtual address",
                        this::translate),
                new HumanCommand("help|?", "[cmd]", "show the help", this::help),
                new HumanCommand(INFO, "[subcommand]", "show various information about the system state", this::help),
                new HumanCommand("nmi", "", "inject an NMI", (arguments, out) -> {
                    arguments.end();
                    machine.injectNmi();
                }),
                new HumanCommand(
                        "print|p",
                        "/fmt expr",
                        "print expression value (use $reg for CPU register access)",
                        this::evaluate),
                new HumanCommand("quit|q", "", "quit the emulator", (arguments, out) -> {
                    arguments.end();
                    machine.quit(ShutdownCause.HOST_QMP_QUIT);
                }),
                new HumanCommand(
                        "screendump",
                        "filename [-f format] [device [head]]",
                        "save screen from head 'head' of display device 'device'in specified format 'format' as image"
                                + " 'filename'.Currently only 'png' and 'ppm' formats are supported.",
                        this::dumpScreen),
                new HumanCommand("stop|s", "", "stop emulation", (arguments, out) -> {
                    arguments.end();
                    machine.pause();
                }),
                new HumanCommand("sum", "addr size", "compute the checksum of a memory region", this::sum),
                new HumanCommand("system_powerdown", "", "send system power down event", (arguments, out) -> {
                    arguments.end();
                    machine.pressPowerButton();
                }),
                new HumanCommand("system_reset", "", "reset the system", (arguments, out) -> {
                    arguments.end();
                    machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
                }),
                new HumanCommand("x", "/fmt addr", "virtual memory dump starting at 'addr'", this::dumpVirtual),
                new HumanCommand("xp", "/fmt addr", "physical memory dump starting at 'addr'", this::dumpPhysical));
    }

    /// Carries out one line.
    ///
    /// @return what QEMU would print: nothing, or lines that end in CR LF
    public String execute(String line) {
        var out = new HumanText();
        int start = HumanLine.skipSpaces(line, 0);
        if (start < line.length()) {
            execute(line, start, out);
        }
        return out.toString();
    }

    private void execute(String line, int start, HumanText out) {
        int end = HumanLine.endOfName(line, start);
        var command = find(commands, line.substring(start, end));
        if (command != null && command.names().equals(INFO)) {
            int subcommand = HumanLine.skipSpaces(line, end);
            if (subcommand == line.length()) {
                infoCommands.forEach(each -> each.help("info ", out));
                return;
            }
            end = HumanLine.endOfName(line, subcommand);
            command = find(infoCommands, line.substring(subcommand, end));
        }
        // Spaces between the words are as they were typed, but no line's end gets into an answer's line.
        var typed = line.substring(start, end).replace('\r', ' ').replace('\n', ' ');
        if (command == null) {
            out.line("unknown command: '" + typed + "'");
            return;
        }
        try {
            command.action().run(new HumanArguments(command.names(), line, end, new Registers()), out);
        } catch (HumanException e) {
            out.line(String.valueOf(e.getMessage()));
            out.line("Try \"help " + typed + "\" for more information");
        } catch (QmpException e) {
            out.line("Error: " + e.description());
        }
    }

    private static @Nullable HumanCommand find(List<HumanCommand> among, String name) {
        for (var command : among) {
            if (command.isCalled(name)) {
                return command;
            }
        }
        return null;
    }

    /// The registers of one line: all of one moment, and the vCPU is asked only if the line names one.
    private final class Registers implements java.util.function.Function<String, OptionalLong> {
        private @Nullable CpuView cpu;

        @Override
        public OptionalLong apply(String name) {
            var seen = cpu;
            if (seen == null) {
                seen = info.current();
                cpu = seen;
            }
            return InfoRegisters.value(seen.state(), name);
        }
    }

    // ---- help

    private void help(HumanArguments arguments, HumanText out) {
        var name = arguments.word();
        if (name == null) {
            commands.forEach(each -> each.help("", out));
            return;
        }
        var more = name.equals(INFO) ? arguments.word() : null;
        if (name.equals(INFO) && more == null) {
            infoCommands.forEach(each -> each.help("info ", out));
            return;
        }
        var command = more == null ? find(commands, name) : find(infoCommands, more);
        var prefix = more == null ? "" : "info ";
        if (command == null) {
            out.line("unknown command: '" + prefix + (more == null ? name : more) + "'");
        } else {
            command.help(prefix, out);
        }
    }

    // ---- life

    private void resume(HumanArguments arguments, HumanText out) {
        arguments.end();
        var state = machine.runState();
        if (!machine.resume() && state != RunState.RUNNING) {
            out.line("Error: Resetting the Virtual Machine is required");
        }
    }

    private void selectCpu(HumanArguments arguments, HumanText out) {
        int index = arguments.int32();
        arguments.end();
        if (index < 0 || index >= info.view().cpus()) {
            out.line("invalid CPU index");
        }
    }

    // ---- devices

    private void dumpScreen(HumanArguments arguments, HumanText out) {
        var file = arguments.filename();
        var format = arguments.valueOf('f');
        var device = arguments.word();
        Long head = device != null && arguments.hasMore() ? (long) arguments.int32() : null;
        arguments.end();
        screen.dump(new ScreenCommands.Screendump(file, device, head, format == null ? null : pictureFormat(format)));
    }

    private static PictureFormat pictureFormat(String name) {
        for (var format : PictureFormat.values()) {
            if (format.text().equals(name)) {
                return format;
            }
        }
        throw new QmpException("invalid parameter value: " + name);
    }

    private void plug(HumanArguments arguments, HumanText out) {
        var text = arguments.word();
        arguments.end();
        var properties = properties(text == null ? "" : text);
        var type = properties.remove("driver");
        if (type == null) {
            throw new QmpException("Parameter 'driver' is missing");
        }
        plugging.plug(type, properties);
    }

    /// `driver,key=value,...`; `,,` is a comma, and a key alone is on.
    private static Map<String, String> properties(String text) {
        var all = new LinkedHashMap<String, String>();
        // A doubled comma stands for one of the value's; no line holds a NUL.
        var parts = text.replace("\0", "").replace(",,", "\0").split(",");
        for (int i = 0; i < parts.length; i++) {
            var part = parts[i].replace('\0', ',');
            int equals = part.indexOf('=');
            if (equals >= 0) {
                all.put(part.substring(0, equals), part.substring(equals + 1));
            } else if (i == 0 && !text.isEmpty()) {
                all.put("driver", part);
            } else if (!part.isEmpty()) {
                all.put(part, "on");
            }
        }
        return all;
    }

    private void unplug(HumanArguments arguments, HumanText out) {
        var id = arguments.required();
        arguments.end();
        plugging.unplug(id);
    }

    // ---- memory

    private void evaluate(HumanArguments arguments, HumanText out) {
        var wanted = arguments.format(format);
        long value = arguments.expression();
        arguments.end();
        format = wanted;
        out.line(wanted.alone(value));
    }

    private void dumpVirtual(HumanArguments arguments, HumanText out) {
        dump(arguments, out, info.current()::read);
    }

    private void dumpPhysical(HumanArguments arguments, HumanText out) {
        dump(arguments, out, info.view()::readPhysical);
    }

    private void dump(HumanArguments arguments, HumanText out, HumanMemory.Source source) {
        var wanted = arguments.format(format);
        long address = arguments.expression();
        arguments.end();
        format = wanted;
        var memory = new HumanMemory(source, out);
        if (wanted.kind() == 'i') {
            memory.disassemble(
                    address,
                    wanted.count(),
                    InfoRegisters.codeSize(info.current().state()));
        } else {
            memory.dump(address, wanted);
        }
    }

    private void sum(HumanArguments arguments, HumanText out) {
        long address = arguments.expression();
        long length = arguments.int32() & 0xFFFF_FFFFL;
        arguments.end();
        new HumanMemory(info.view()::readPhysical, out).sum(address, length);
    }

    private void translate(HumanArguments arguments, HumanText out) {
        long address = arguments.expression();
        arguments.end();
        long physical = info.current().translate(address);
        out.line(physical < 0 ? "Unmapped" : "gpa: " + new HumanFormat(1, 'x', 8).alone(physical));
    }
}
