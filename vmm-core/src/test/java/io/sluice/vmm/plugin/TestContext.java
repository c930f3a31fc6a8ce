package io.sluice.vmm.plugin;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.testkit.PciBoard;
import java.util.List;

/// A context on a [PciBoard]; its interrupt lines are kept as levels.
public final class TestContext implements DeviceContext {
    public final boolean[] levels = new boolean[24];
    public final PciBoard board;
    public final MeterBoard meters = new MeterBoard();
    public final Drives drives = new Drives();

    public TestContext(PciBoard board) {
        this.board = board;
    }

    @Override
    public void emit(io.sluice.vmm.qapi.EventType.Event<?> event) {}

    @Override
    public Strand newStrand() {
        return board.loop.strand();
    }

    @Override
    public AddressSpace memory() {
        return board.memory;
    }

    @Override
    public List<Mapping.Ram> ram() {
        return List.of(new Mapping.Ram(0, PciBoard.RAM_SIZE - 1, board.ram, 0, true));
    }

    @Override
    public AddressSpace io() {
        return board.io;
    }

    @Override
    public IrqLine irq(int number) {
        return level -> levels[number] = level;
    }

    @Override
    public MachineClock clock() {
        return board.loop.clock();
    }

    @Override
    public Drives drives() {
        return drives;
    }

    @Override
    public MeterBoard meters() {
        return meters;
    }

    @Override
    public MachinePower power() {
        throw new UnsupportedOperationException("no device of these tests ends the machine");
    }
}
