package io.sluice.vmm.device.pic;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.PinSink;
import io.sluice.vmm.loop.Strand;

/// The PC's two 8259A: the slave's output is the master's input 2, the master's output goes to LINT0 of the bootstrap
/// processor. Everything runs on the strand of the interrupt controllers; only [#acknowledge] is for vCPU threads.
public final class PicPair implements PinSink {
    /// Ports from each [BusDevice]'s base: 0x20, 0xA0, 0x4D0.
    public static final int CHIP_LENGTH = 2;

    private static final int CASCADE_PIN = 2;
    private static final int MASTER_LEVEL_ALLOWED = 0xF8;
    private static final int SLAVE_LEVEL_ALLOWED = 0xDE;

    private final Strand strand;
    private final IrqLine output;
    private final Pic8259 master;
    private final Pic8259 slave;
    /// How often each input has risen, the master's first. Not state: a reset and a snapshot do not know it.
    private final long[] rises = new long[16];
    private int lines;

    /// @param output LINT0 of the bootstrap processor
    public PicPair(Strand strand, IrqLine output) {
        this.strand = strand;
        this.output = output;
        master = new Pic8259(true, MASTER_LEVEL_ALLOWED, this::masterChanged);
        slave = new Pic8259(false, SLAVE_LEVEL_ALLOWED, this::slaveChanged);
    }

    /// Ports 0x20 and 0x21.
    public BusDevice masterPorts() {
        return new ByteWide(master, CHIP_LENGTH);
    }

    /// Ports 0xA0 and 0xA1.
    public BusDevice slavePorts() {
        return new ByteWide(slave, CHIP_LENGTH);
    }

    /// The edge/level control registers at ports 0x4D0 and 0x4D1.
    public BusDevice levelPorts() {
        return new ByteWide(new LevelPorts(), CHIP_LENGTH);
    }

    public void reset() {
        slave.reset();
        master.reset();
    }

    /// What firmware leaves behind: vectors 0x08 and 0x70, and everything masked but the cascade. For guests that are
    /// entered without any.
    public void firmwareDefaults() {
        initialize(master, 0x08, 1 << CASCADE_PIN, ~(1 << CASCADE_PIN) & 0xFF);
        initialize(slave, 0x70, CASCADE_PIN, 0xFF);
    }

    private static void initialize(Pic8259 chip, int vectorBase, int cascade, int mask) {
        chip.write(0, 0x11);
        chip.write(1, vectorBase);
        chip.write(1, cascade);
        chip.write(1, 0x01);
        chip.write(1, mask);
    }

    @Override
    public void setPin(int pin, boolean level) {
        int bit = 1 << pin;
        if (level && (lines & bit) == 0) {
            rises[pin]++;
        }
        lines = level ? lines | bit : lines & ~bit;
        if (pin < 8) {
            if (pin != CASCADE_PIN) {
                master.setPin(pin, level);
            }
        } else {
            slave.setPin(pin - 8, level);
        }
    }

    /// The interrupt acknowledge cycle: gives the vector, the spurious one if nothing asks any more. From a vCPU's
    /// thread; waits for the strand if another thread is inside.
    public int acknowledge() {
        if (strand.tryEnter()) {
            try {
                return acknowledgeInside();
            } finally {
                strand.exit();
            }
        }
        var vector = new int[1];
        strand.call(() -> vector[0] = acknowledgeInside());
        return vector[0];
    }

    private int acknowledgeInside() {
        int input = master.pending();
        if (input == Pic8259.NONE) {
            return master.spuriousVector();
        }
        if (input != CASCADE_PIN) {
            return master.acknowledge(input);
        }
        master.acknowledge(input);
        int slaveInput = slave.pending();
        return slaveInput == Pic8259.NONE ? slave.spuriousVector() : slave.acknowledge(slaveInput);
    }

    private void masterChanged() {
        output.set(master.pending() != Pic8259.NONE);
    }

    private void slaveChanged() {
        master.setPin(CASCADE_PIN, slave.pending() != Pic8259.NONE);
    }

    /// How often each of the 16 inputs has risen since the machine was built.
    public long[] rises() {
        return rises.clone();
    }

    public PicState state() {
        return new PicState(master.state(), slave.state());
    }

    /// After all devices that drive a pin have been restored.
    public void restore(PicState saved) {
        master.restore(saved.master());
        slave.restore(saved.slave());
        masterChanged();
    }

    private final class LevelPorts implements ByteDevice {
        @Override
        public int read(int offset) {
            return offset == 0 ? master.levels() : slave.levels();
        }

        @Override
        public void write(int offset, int value) {
            (offset == 0 ? master : slave).setLevels(value);
        }
    }
}
