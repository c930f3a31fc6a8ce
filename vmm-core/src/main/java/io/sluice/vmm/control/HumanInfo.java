package io.sluice.vmm.control;

import io.sluice.vmm.machine.CpuView;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineView;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qapi.Release;
import io.sluice.vmm.qapi.RunState;
import java.util.List;

/// What `info` can show.
final class HumanInfo {
    private static final String QEMU_VERSION = "7.2.0";

    private final Machine machine;
    private final MachineView view;

    HumanInfo(Machine machine) {
        this.machine = machine;
        this.view = machine.view();
    }

    /// In the order of the alphabet.
    List<HumanCommand> commands() {
        return List.of(
                plain("cpus", "show infos for each CPU", this::cpus),
                plain(
                        "host",
                        "show the PCI functions of the simulated host",
                        out -> lines("host", "The host has no PCI functions", out)),
                plain("iommu", "show the IOMMU", out -> lines("iommu", "No IOMMU", out)),
                plain(
                        "irq",
                        "show the interrupts statistics (if available)",
                        out -> InfoControllers.counts(view.controllers(), out)),
                plain(
                        "jit",
                        "show dynamic compiler info",
                        out -> out.print("instructions        %d\n", view.instructions())),
                plain("kvm", "show KVM information", out -> out.line("kvm support: disabled")),
                new HumanCommand(
                        "lapic",
                        "[apic-id]",
                        "show local apic state (apic-id: local apic to read, default is which of current CPU)",
                        this::lapic),
                plain("mdev", "show the mediated devices", out -> lines("mdev", "There are no mediated devices", out)),
                plain("mem", "show the active virtual memory mappings", out -> InfoPaging.ranges(view.cpu(0), out)),
                plain(
                        "memory_size_summary",
                        "show the amount of initially allocated and present hotpluggable (if enabled) memory in bytes.",
                        out -> out.print("base memory: %d\nplugged memory: 0\n", view.memoryBytes())),
                new HumanCommand(
                        "mtree",
                        "[-f][-d][-o][-D]",
                        "show memory tree (-f: dump flat view for address spaces;-d: dump dispatch tree, valid with -f"
                                + " only);-o: dump region owners/parents;-D: dump disabled regions",
                        this::mtree),
                plain("name", "show the current VM name", this::name),
                plain("pci", "show PCI info", out -> new InfoPci(view.pci(), out).print()),
                plain("pic", "show PIC state", out -> InfoControllers.state(view.controllers(), out)),
                new HumanCommand("qom-tree", "[path]", "show QOM composition tree", this::objects),
                plain("qtree", "show device tree", this::devices),
                new HumanCommand(
                        "registers",
                        "[-a|vcpu]",
                        "show the cpu registers (-a: show register info for all cpus; vcpu: specific vCPU to query;"
                                + " show the current CPU's registers if no argument is specified)",
                        this::registers),
                plain("roms", "show roms", out -> out.line("There are no ROMs")),
                plain("status", "show the current VM status (running|paused)", this::status),
                plain("tlb", "show virtual to physical memory mappings", out -> InfoPaging.pages(view.cpu(0), out)),
                plain(
                        "uuid",
                        "show the current VM UUID",
                        out -> out.line(view.uuid().toString())),
                plain(
                        "version",
                        "show the version of QEMU",
                        out -> out.line(QEMU_VERSION + " (Sluice " + Release.number() + ")")));
    }

    private interface Show {
        void show(HumanText out);
    }

    private static HumanCommand plain(String name, String help, Show show) {
        return new HumanCommand(name, "", help, (arguments, out) -> {
            arguments.end();
            show.show(out);
        });
    }

    private void status(HumanText out) {
        var state = machine.runState();
        out.add("VM status: ").add(state == RunState.RUNNING ? "running" : "paused");
        if (state != RunState.RUNNING && state != RunState.PAUSED) {
            out.add(" (" + state.text() + ")");
        }
        out.line("");
    }

    private void name(HumanText out) {
        if (!view.name().isEmpty()) {
            out.line(view.name());
        }
    }

    private void cpus(HumanText out) {
        for (int i = 0; i < view.cpus(); i++) {
            out.print(
                    "%c CPU #%d: thread_id=%d\n",
                    i == 0 ? '*' : ' ', i, HostThreads.ofVcpu(i).orElse(-1));
        }
    }

    private void registers(HumanArguments arguments, HumanText out) {
        boolean all = arguments.option('a', "a");
        int vcpu = arguments.hasMore() ? arguments.int32() : 0;
        arguments.end();
        if (!all && (vcpu < 0 || vcpu >= view.cpus())) {
            out.line("CPU#" + vcpu + " not available");
            return;
        }
        for (int i = all ? 0 : vcpu; i < (all ? view.cpus() : vcpu + 1); i++) {
            new InfoRegisters(view.cpu(i), view.isA20Open()).print(out);
        }
    }

    private void lapic(HumanArguments arguments, HumanText out) {
        int id = arguments.hasMore() ? arguments.int32() : 0;
        arguments.end();
        if (id < 0 || id >= view.cpus()) {
            out.line("No CPU available");
        } else {
            new InfoApic(view.cpu(id)).print(out);
        }
    }

    private void mtree(HumanArguments arguments, HumanText out) {
        boolean flat = arguments.option('f', "fdoD");
        for (char letter : new char[] {'d', 'o', 'D'}) {
            arguments.option(letter, "fdoD");
        }
        arguments.end();
        if (flat) {
            InfoMtree.flat(view, out);
        } else {
            InfoMtree.tree(view, out);
        }
    }

    /// What a plugin says about a topic.
    private void lines(String topic, String nothing, HumanText out) {
        var lines = machine.plugins().info(topic);
        (lines.isEmpty() ? List.of(nothing) : lines).forEach(out::line);
    }

    private void objects(HumanArguments arguments, HumanText out) {
        var path = arguments.word();
        arguments.end();
        try {
            InfoTrees.objects(machine.tree().resolve(path == null ? "/machine" : path), 0, out);
        } catch (QmpException e) {
            out.line("Path '" + path + "' could not be resolved.");
        }
    }

    private void devices(HumanText out) {
        InfoTrees.devices(view.pci(), machine.devices(), out);
    }

    /// The vCPU that expressions and `x` mean.
    CpuView current() {
        return view.cpu(0);
    }

    MachineView view() {
        return view;
    }
}
