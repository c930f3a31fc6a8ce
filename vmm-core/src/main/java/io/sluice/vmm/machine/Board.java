package io.sluice.vmm.machine;

import io.sluice.vmm.boot.MemoryLayout;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.cpu.Vcpu;
import io.sluice.vmm.cpu.VcpuBoard;
import io.sluice.vmm.cpu.VcpuEvents;
import io.sluice.vmm.device.A20Gate;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.device.acpipm.AcpiPm;
import io.sluice.vmm.device.debugcon.DebugCon;
import io.sluice.vmm.device.hpet.Hpet;
import io.sluice.vmm.device.hpet.HpetWires;
import io.sluice.vmm.device.i8042.I8042;
import io.sluice.vmm.device.ioapic.IoApic;
import io.sluice.vmm.device.pic.PicPair;
import io.sluice.vmm.device.pit.Pit8254;
import io.sluice.vmm.device.port92.Port92;
import io.sluice.vmm.device.port92.PostPort;
import io.sluice.vmm.device.port92.ResetControl;
import io.sluice.vmm.device.rtc.Rtc;
import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.IsaLines;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.pci.DmaTarget;
import io.sluice.vmm.pci.PciHost;
import io.sluice.vmm.pci.PciWindows;
import io.sluice.vmm.trace.Trace;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The board with everything that is soldered to it: memory, interrupt controllers, timers, the PCI root, the vCPU.
/// Built and reset by the thread that owns the machine.
final class Board {
    private static final int PAGE = 4096;

    private final EventLoop loop;
    private final MachinePower power;
    private final List<Guarded> devices = new ArrayList<>();
    private final A20Gate a20 = new A20Gate();

    final MachineClock clock = new MachineClock();
    final StrandCensus strands = new StrandCensus();
    final AddressSpace memory = new AddressSpace("memory", Q35Map.LAST_ADDRESS);
    final AddressSpace io = new AddressSpace("ports", Q35Map.LAST_PORT);
    final MemoryLayout layout;
    final ApicBus apicBus = new ApicBus();
    final Vcpu vcpu;
    final IsaLines lines;
    /// Where the guest finds its memory; what devices show of theirs is not among it.
    final List<Mapping.Ram> ram = new ArrayList<>();

    final PciHost pci;
    final List<SerialLine> serial = new ArrayList<>();
    final AcpiPm acpiPm;
    final Rtc rtc;

    /// Where the interrupt controllers live.
    final Strand controllers;
    final PicPair pics;
    final IoApic ioApic;
    private final Pit8254 pit;
    private final Strand pitStrand;

    Board(MachineConfig config, GuestRam ram, EventLoop loop, MachinePower power, VcpuEvents events, Trace trace) {
        this.loop = loop;
        this.power = power;
        this.layout = new MemoryLayout(config.memoryBytes());
        memory.trace(trace);
        io.trace(trace);
        for (var piece : layout.pieces()) {
            long first = piece.first().bits();
            var mapping = new Mapping.Ram(first, first + piece.length() - 1, ram, piece.fileOffset(), true);
            memory.add(mapping);
            this.ram.add(mapping);
        }

        controllers = newStrand();
        var ferr = new LateLine();
        vcpu = new Vcpu(
                0,
                new VcpuBoard(memory, io, clock, apicBus, config.cpus().count(), this::acknowledgePics, ferr, trace),
                events);
        pics = new PicPair(controllers, vcpu.apic().lint0());
        ioApic = new IoApic(controllers, apicBus);
        apicBus.onEndOfInterrupt(ioApic);
        lines = new IsaLines(controllers, pics, ioApic);
        ferr.connect(lines.isa(Q35Map.FPU_IRQ));
        io.mapDevice(Q35Map.PIC_MASTER, PicPair.CHIP_LENGTH, pics.masterPorts(), controllers);
        io.mapDevice(Q35Map.PIC_SLAVE, PicPair.CHIP_LENGTH, pics.slavePorts(), controllers);
        io.mapDevice(Q35Map.PIC_LEVELS, PicPair.CHIP_LENGTH, pics.levelPorts(), controllers);
        memory.mapDevice(Q35Map.IO_APIC, IoApic.LENGTH, ioApic, controllers);
        onReset(controllers, pics::reset);
        onReset(controllers, ioApic::reset);

        pitStrand = newStrand();
        pit = new Pit8254(pitStrand, lines.intervalTimer());
        rtc = addTimers(config);
        acpiPm = addPower();
        pci = addPci(trace);
    }

    private int acknowledgePics() {
        return pics.acknowledge();
    }

    boolean isA20Open() {
        return a20.isOpen();
    }

    Strand newStrand() {
        return strands.counted("platform", new Strand(loop, clock));
    }

    /// Has `reset` called inside `strand` at each reset of the machine.
    void onReset(Strand strand, Runnable reset) {
        devices.add(new Guarded(strand, reset));
    }

    private void port(int port, int length, BusDevice device, Strand strand) {
        io.mapDevice(port, length, device, strand);
    }

    private Rtc addTimers(MachineConfig config) {
        port(Q35Map.PIT, Pit8254.LENGTH, pit.ports(), pitStrand);
        port(Q35Map.SYSTEM_CONTROL, 1, pit.systemControlPort(), pitStrand);
        onReset(pitStrand, () -> {
            pit.reset();
            pit.firmwareDefaults();
        });

        var rtcStrand = newStrand();
        long offset = config.rtc().secondsFromUtc();
        var clockChip =
                new Rtc(rtcStrand, lines.realTimeClock(), () -> Instant.now().plusSeconds(offset));
        clockChip.setMemorySize(layout.lowEnd(), layout.highBytes());
        port(Q35Map.RTC, Rtc.LENGTH, clockChip.ports(), rtcStrand);
        onReset(rtcStrand, clockChip::reset);

        var hpetStrand = newStrand();
        var pins = IntStream.range(0, HpetWires.PINS).mapToObj(lines::ioApicPin).toList();
        var hpet =
                new Hpet(hpetStrand, new HpetWires(lines.isa(0), lines.isa(8), lines.replaceLegacy(), pins, apicBus));
        memory.mapDevice(Q35Map.HPET, Hpet.LENGTH, hpet, hpetStrand);
        onReset(hpetStrand, hpet::reset);
        return clockChip;
    }

    private AcpiPm addPower() {
        var strand = newStrand();
        var pm = new AcpiPm(strand, lines.isa(Q35Map.ACPI_IRQ), power, false);
        port(Q35Map.ACPI_PM, AcpiPm.LENGTH, pm, strand);
        port(Q35Map.SMI_COMMAND, 2, pm.commandPorts(), strand);
        onReset(strand, pm::reset);

        var small = newStrand();
        var keyboard = new I8042(lines.isa(Q35Map.KEYBOARD_IRQ), power, a20);
        port(Q35Map.KEYBOARD_DATA, 1, keyboard.dataPort(), small);
        port(Q35Map.KEYBOARD_COMMAND, 1, keyboard.commandPort(), small);
        onReset(small, keyboard::reset);
        var port92 = new Port92(power, a20);
        port(Port92.BASE, Port92.LENGTH, new ByteWide(port92, Port92.LENGTH), small);
        onReset(small, port92::reset);
        port(PostPort.PORT, 1, new ByteWide(new PostPort(), 1), small);
        return pm;
    }

    private PciHost addPci(Trace trace) {
        var strand = newStrand();
        var inputs = IntStream.range(PciHost.FIRST_GSI, PciHost.FIRST_GSI + PciHost.GSIS)
                .mapToObj(lines::gsi)
                .toArray(IrqLine[]::new);
        var host =
                new PciHost(memory, io, apicBus, inputs, strand, PciWindows.DEFAULT, DmaTarget.direct(memory), trace);
        var control = new ResetControl(power);
        host.resetControl(new ByteWide(control, 1), strand);
        onReset(strand, control::reset);
        return host;
    }

    /// Serial port number `index`, 0 for COM1.
    void addSerial(int index, CharBackend backend, PanicWatch watch) {
        var strand = newStrand();
        var line = new SerialLine(strand, lines.isa(Q35Map.serialIrq(index)), backend, watch);
        line.map(io, Q35Map.serialPort(index));
        onReset(strand, line::reset);
        serial.add(line);
    }

    void addDebugConsole(CharBackend backend) {
        // A byte that finds no room is lost: the port has no way to say "wait".
        port(DebugCon.DEFAULT_BASE, 1, new DebugCon(backend::write).port(), newStrand());
    }

    /// Resets what is soldered and what sits in PCI slots; the vCPU is reset apart. It must not run meanwhile.
    void reset() {
        a20.set(true);
        pci.reset();
        devices.forEach(Guarded::resetNow);
        pci.assignResources();
    }

    /// Waits until nobody uses what he found in an address space before its last change: neither the vCPU in its block
    /// nor a device in its DMA. Short, for none of them waits for anything meanwhile.
    void settle() {
        vcpu.settle();
        strands.settle();
    }

    /// Copies RAM, page by page; what is no RAM reads as ones, and no device is asked.
    void readRam(long address, byte[] target, int length) {
        for (int done = 0; done < length; ) {
            int size = Math.min(length - done, PAGE - (int) (address + done & PAGE - 1));
            var there = address + done < 0 || address + done > Q35Map.LAST_ADDRESS ? null : memory.find(address + done);
            if (!(there instanceof Mapping.Ram) || !memory.dmaRead(address + done, target, done, size)) {
                Arrays.fill(target, done, done + size, (byte) 0xFF);
            }
            done += size;
        }
    }

    /// An interrupt line whose far end comes into being later, before anything drives it.
    private static final class LateLine implements IrqLine {
        private volatile IrqLine line = IrqLine.NONE;

        void connect(IrqLine end) {
            line = end;
        }

        @Override
        public void set(boolean asserted) {
            line.set(asserted);
        }
    }
}
