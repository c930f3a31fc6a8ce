package io.sluice.vmm.device.acpipm;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.device.DeviceTimer;
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.device.TickRate;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;

/// ACPI fixed hardware: PM1 events and control, the power management timer, 32 general purpose events, and the SMI
/// command port by which an operating system takes over from the firmware. All inside its strand.
public final class AcpiPm implements BusDevice {
    /// Bytes of the port range, usually at 0x600; the offsets below are for the FADT.
    public static final int LENGTH = 0x40;

    public static final int PM1_EVENT = 0x00;
    public static final int PM1_CONTROL = 0x04;
    public static final int PM_TIMER = 0x08;
    public static final int GPE0 = 0x20;
    public static final int GPE0_LENGTH = 8;

    /// The SLP_TYP that the DSDT must give for \_S5.
    public static final int SLEEP_TYPE_OFF = 5;
    /// What to write to the SMI command port to switch ACPI mode on and off.
    public static final int ACPI_ENABLE = 0x02;

    public static final int ACPI_DISABLE = 0x03;

    private static final int TIMER_STATUS = 1;
    private static final int POWER_BUTTON = 1 << 8;
    private static final int SLEEP_BUTTON = 1 << 9;
    private static final int SCI_EN = 1;
    private static final int SLP_EN = 1 << 13;
    private static final TickRate RATE = new TickRate(3_579_545);

    private final Strand strand;
    private final IrqLine sci;
    private final MachinePower power;
    private final long timerMask;
    private final int carryShift;
    private final DeviceTimer carry;
    private int status;
    private int enable;
    private int control;
    private int gpeStatus;
    private int gpeEnable;
    private long lastCarry;
    private int command;
    private int data;

    /// @param timerIs32Bit whether the timer has 32 bits (the FADT's TMR_VAL_EXT) or 24
    public AcpiPm(Strand strand, IrqLine sci, MachinePower power, boolean timerIs32Bit) {
        this.strand = strand;
        this.sci = sci;
        this.power = power;
        timerMask = timerIs32Bit ? 0xFFFF_FFFFL : 0xFF_FFFFL;
        carryShift = timerIs32Bit ? 31 : 23;
        carry = new DeviceTimer(strand, this::replan);
        reset();
    }

    public void reset() {
        status = 0;
        enable = 0;
        control = 0;
        gpeStatus = 0;
        gpeEnable = 0;
        command = 0;
        data = 0;
        lastCarry = ticks() >> carryShift;
        replan();
    }

    /// Ports 0xB2 and 0xB3: SMI command and its status byte.
    public BusDevice commandPorts() {
        return new ByteWide(new CommandPorts(), 2);
    }

    /// Somebody pressed the power button for a moment: the guest is asked to shut down.
    public void pressPowerButton() {
        status |= POWER_BUTTON;
        replan();
    }

    public void pressSleepButton() {
        status |= SLEEP_BUTTON;
        replan();
    }

    /// Raises general purpose event `number`, 0 to 31.
    public void raiseGpe(int number) {
        gpeStatus |= 1 << number;
        replan();
    }

    private long ticks() {
        return RATE.ticksAt(strand.clock().nanos());
    }

    @Override
    public long read(long offset, int size) {
        // A read of the timer must see one moment, so the registers are read whole and cut.
        long value = 0;
        for (long at = offset & ~3L; at < offset + size; at += 4) {
            long word = word(at) & 0xFFFF_FFFFL;
            long shift = 8 * (at - offset);
            value |= shift < 0 ? word >>> -shift : word << shift;
        }
        return value;
    }

    private long word(long offset) {
        var register = AcpiPmReg.TABLE.at(offset);
        if (register == null) {
            return 0;
        }
        return switch (register) {
            case PM1_STS, PM1_EN -> {
                countCarry();
                yield status | enable << 16;
            }
            case PM1_CNT -> control;
            case PM_TMR -> ticks() & timerMask;
            case GPE0_STS -> gpeStatus;
            case GPE0_EN -> gpeEnable;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        countCarry();
        for (int i = 0; i < size; i++) {
            writeByte(offset + i, (int) (value >>> 8 * i) & 0xFF);
        }
        replan();
    }

    private void writeByte(long offset, int octet) {
        var register = AcpiPmReg.TABLE.at(offset);
        if (register == null) {
            return;
        }
        int shift = (int) (8 * (offset - register.spec().offset()));
        int lane = 0xFF << shift;
        int bits = octet << shift;
        switch (register) {
            case PM1_STS -> status = register.written(status, bits);
            case PM1_EN -> enable = register.written(enable, enable & ~lane | bits);
            case PM1_CNT -> control(register, control & ~lane | bits);
            case GPE0_STS -> gpeStatus = register.written(gpeStatus, bits);
            case GPE0_EN -> gpeEnable = register.written(gpeEnable, gpeEnable & ~lane | bits);
            case PM_TMR -> {}
        }
    }

    private void control(AcpiPmReg register, int bits) {
        // SCI_EN belongs to the firmware; real chipsets let software write it, and so does this one.
        control = register.written(control, bits);
        if ((bits & SLP_EN) != 0 && (bits >> 10 & 7) == SLEEP_TYPE_OFF) {
            power.powerOff();
        }
    }

    /// The timer's status bit is set whenever its highest bit changes.
    private void countCarry() {
        long now = ticks() >> carryShift;
        if (now != lastCarry) {
            lastCarry = now;
            status |= TIMER_STATUS;
        }
    }

    private void replan() {
        countCarry();
        boolean event = (status & enable) != 0 || (gpeStatus & gpeEnable) != 0;
        sci.set(event && (control & SCI_EN) != 0);
        boolean waits = (enable & TIMER_STATUS) != 0 && (status & TIMER_STATUS) == 0;
        carry.set(waits ? RATE.nanosAt(lastCarry + 1 << carryShift) : DeviceTimer.NEVER);
    }

    public AcpiPmState state() {
        return new AcpiPmState(status, enable, control, gpeStatus, gpeEnable, lastCarry, command, data);
    }

    public void restore(AcpiPmState saved) {
        status = saved.status();
        enable = saved.enable();
        control = saved.control();
        gpeStatus = saved.gpeStatus();
        gpeEnable = saved.gpeEnable();
        lastCarry = saved.lastCarry();
        command = saved.command();
        data = saved.data();
        replan();
    }

    private final class CommandPorts implements ByteDevice {
        @Override
        public int read(int offset) {
            return offset == 0 ? command : data;
        }

        @Override
        public void write(int offset, int value) {
            if (offset != 0) {
                data = value;
                return;
            }
            command = value;
            if (value == ACPI_ENABLE) {
                control |= SCI_EN;
            } else if (value == ACPI_DISABLE) {
                control &= ~SCI_EN;
            }
            replan();
        }
    }
}
