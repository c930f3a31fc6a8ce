package io.sluice.vmm.device;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.acpipm.AcpiPm;
import io.sluice.vmm.device.debugcon.DebugCon;
import io.sluice.vmm.device.debugexit.DebugExit;
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
import io.sluice.vmm.device.uart.Uart16550;
import io.sluice.vmm.device.uart.UartEvents;
import io.sluice.vmm.device.uart.UartHost;
import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.IsaLines;
import io.sluice.vmm.irq.LocalApic;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingPower;
import io.sluice.vmm.testkit.RecordingVcpu;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/// All platform devices wired as on the board, on a fake loop, with a local APIC and no processor.
final class Board {
    final FakeLoop loop = new FakeLoop();
    final RecordingPower power = new RecordingPower();
    final RecordingVcpu vcpu = new RecordingVcpu();
    final ApicBus apicBus = new ApicBus();
    final LocalApic apic = new LocalApic(0, true, loop.clock(), apicBus, vcpu);
    private final Strand controllers = loop.newStrand();
    final PicPair pics = new PicPair(controllers, apic.lint0());
    final IoApic ioApic = new IoApic(controllers, apicBus);
    final IsaLines lines = new IsaLines(controllers, pics, ioApic);
    final Pit8254 pit = new Pit8254(loop.newStrand(), lines.intervalTimer());
    final Rtc rtc = new Rtc(loop.newStrand(), lines.realTimeClock(), () -> Instant.ofEpochSecond(1_800_000_000));
    final Hpet hpet = new Hpet(
            loop.newStrand(),
            new HpetWires(
                    lines.isa(0),
                    lines.isa(8),
                    lines.replaceLegacy(),
                    IntStream.range(0, 24).mapToObj(lines::ioApicPin).toList(),
                    apicBus));
    final AcpiPm pm = new AcpiPm(loop.newStrand(), lines.isa(9), power, false);
    final Uart16550 uart = new Uart16550(
            loop.newStrand(),
            lines.isa(4),
            new UartHost() {
                @Override
                public boolean write(byte octet) {
                    return (octet & 1) != 0;
                }

                @Override
                public void inputWanted() {}
            },
            UartEvents.NONE,
            true);
    private final A20Gate a20 = new A20Gate();
    final I8042 keyboard = new I8042(lines.isa(1), power, a20);

    /// Everything that a guest can address, by name.
    Map<String, BusDevice> devices() {
        var devices = new LinkedHashMap<String, BusDevice>();
        devices.put("pic master", pics.masterPorts());
        devices.put("pic slave", pics.slavePorts());
        devices.put("pic levels", pics.levelPorts());
        devices.put("ioapic", ioApic);
        devices.put("pit", pit.ports());
        devices.put("port 61", pit.systemControlPort());
        devices.put("rtc", rtc.ports());
        devices.put("hpet", hpet);
        devices.put("acpi pm", pm);
        devices.put("smi command", pm.commandPorts());
        devices.put("uart", uart.ports());
        devices.put("keyboard data", keyboard.dataPort());
        devices.put("keyboard command", keyboard.commandPort());
        devices.put("debug exit", new DebugExit(power));
        devices.put("debug console", new DebugCon(octet -> {}).port());
        devices.put("port 92", new ByteWide(new Port92(power, a20), 1));
        devices.put("port cf9", new ByteWide(new ResetControl(power), 1));
        devices.put("post", new ByteWide(new PostPort(), 1));
        devices.put("local apic", new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return apic.read((int) offset & 0xFFF);
            }

            @Override
            public void write(long offset, int size, long value) {
                apic.write((int) offset & 0xFFF, (int) value);
            }
        });
        return devices;
    }

    /// Lets the vCPU look at its APIC and take what is there: the vector, or 0.
    int take() {
        apic.poll(loop.now());
        if (apic.extIntWanted()) {
            return pics.acknowledge();
        }
        return apic.hasInterrupt() ? apic.acknowledge() : 0;
    }

    void endOfInterrupt() {
        apic.write(0xB0, 0);
    }
}
