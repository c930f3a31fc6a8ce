package io.sluice.vmm.device.i8042;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.A20Gate;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.irq.IrqLine;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/// The keyboard controller of the PC with a silent keyboard on its first port and nothing on its second.
/// All inside its strand.
public final class I8042 {
    private static final int OUTPUT_FULL = 0x01;
    private static final int SYSTEM = 0x04;
    private static final int COMMAND_LAST = 0x08;
    /// The front panel's lock is open.
    private static final int UNLOCKED = 0x10;

    private static final int CONTROL_KEYBOARD_INTERRUPT = 0x01;
    private static final int CONTROL_SYSTEM = 0x04;
    private static final int CONTROL_KEYBOARD_OFF = 0x10;
    private static final int CONTROL_AUX_OFF = 0x20;
    private static final int CONTROL_TRANSLATE = 0x40;
    private static final int CONTROL_AFTER_RESET = CONTROL_KEYBOARD_INTERRUPT | CONTROL_AUX_OFF | CONTROL_TRANSLATE;
    private static final int OUT_RUNNING = 0x01;
    private static final int OUT_A20 = 0x02;
    private static final int FROM_KEYBOARD = 0x100;
    private static final int MEMORY = 32;
    private static final int QUEUE = 16;

    private final IrqLine irq;
    private final MachinePower power;
    private final A20Gate a20;
    private final SilentKeyboard keyboard = new SilentKeyboard(code -> put(code | FROM_KEYBOARD));
    private final int[] memory = new int[MEMORY];
    private final ArrayDeque<Integer> output = new ArrayDeque<>(QUEUE);
    /// A command whose argument comes through the data port; 0 if none.
    private int lastCommand;

    private int outputPort = OUT_RUNNING;
    private boolean commandLast;
    /// What was read last: the data port gives it again while nothing new has come.
    private int lastRead;

    /// @param irq ISA interrupt 1
    public I8042(IrqLine irq, MachinePower power, A20Gate a20) {
        this.irq = irq;
        this.power = power;
        this.a20 = a20;
        reset();
    }

    /// Port 0x60.
    public BusDevice dataPort() {
        return new ByteWide(new DataPort(), 1);
    }

    /// Port 0x64.
    public BusDevice commandPort() {
        return new ByteWide(new CommandPort(), 1);
    }

    public void reset() {
        Arrays.fill(memory, 0);
        memory[0] = CONTROL_AFTER_RESET;
        output.clear();
        keyboard.reset();
        lastCommand = 0;
        outputPort = OUT_RUNNING;
        commandLast = false;
        lastRead = 0;
        update();
    }

    private void put(int code) {
        if (output.size() < QUEUE) {
            output.add(code);
        }
        update();
    }

    private void update() {
        var first = output.peek();
        boolean fromKeyboard = first != null && (first & FROM_KEYBOARD) != 0;
        irq.set(fromKeyboard && (memory[0] & CONTROL_KEYBOARD_INTERRUPT) != 0);
    }

    private int readData() {
        var first = output.poll();
        if (first != null) {
            lastRead = first & 0xFF;
            // Low for a moment even if the next code waits already: each one is an edge.
            irq.set(false);
            update();
        }
        return lastRead;
    }

    private void writeData(int value) {
        int command = lastCommand;
        lastCommand = 0;
        commandLast = false;
        if (command >= 0x60 && command <= 0x7F) {
            memory[command - 0x60] = value;
            update();
            return;
        }
        switch (command) {
            case 0xD1 -> writeOutputPort(value);
            case 0xD2 -> put(value | FROM_KEYBOARD);
            // There is no second port: the byte comes back, but not as the second port's.
            case 0xD3 -> put(value);
            case 0xD4 -> {}
            default -> {
                memory[0] &= ~CONTROL_KEYBOARD_OFF;
                keyboard.take(value);
            }
        }
    }

    private void writeOutputPort(int value) {
        outputPort = value & ~OUT_A20;
        a20.set((value & OUT_A20) != 0);
        if ((value & OUT_RUNNING) == 0) {
            power.reset("keyboard controller");
        }
    }

    private void command(int value) {
        commandLast = true;
        lastCommand = 0;
        if (value >= 0x20 && value <= 0x3F) {
            put(memory[value - 0x20]);
        } else if (value >= 0x60 && value <= 0x7F) {
            lastCommand = value;
        } else if (value >= 0xF0) {
            // Pulses the output port's low bits; bit 0 is the processor's reset.
            if ((value & OUT_RUNNING) == 0) {
                power.reset("keyboard controller");
            }
        } else {
            commandByCode(value);
        }
    }

    private void commandByCode(int value) {
        switch (value) {
            // No password is installed.
            case 0xA4 -> put(0xF1);
            case 0xA7 -> memory[0] |= CONTROL_AUX_OFF;
            case 0xA8 -> memory[0] &= ~CONTROL_AUX_OFF;
            // The second port's clock line is stuck: there is no second port.
            case 0xA9 -> put(0x02);
            case 0xAA -> {
                output.clear();
                memory[0] |= CONTROL_SYSTEM;
                put(0x55);
            }
            case 0xAB -> put(0x00);
            case 0xAD -> memory[0] |= CONTROL_KEYBOARD_OFF;
            case 0xAE -> memory[0] &= ~CONTROL_KEYBOARD_OFF;
            // The input port: no lock, no jumper.
            case 0xC0 -> put(0x80);
            case 0xD0 -> put(outputPort | (a20.isOpen() ? OUT_A20 : 0));
            case 0xD1, 0xD2, 0xD3, 0xD4 -> lastCommand = value;
            case 0xDD -> a20.set(false);
            case 0xDF -> a20.set(true);
            case 0xE0 -> put(0x00);
            default -> {}
        }
    }

    private int status() {
        return UNLOCKED
                | (output.isEmpty() ? 0 : OUTPUT_FULL)
                | ((memory[0] & CONTROL_SYSTEM) != 0 ? SYSTEM : 0)
                | (commandLast ? COMMAND_LAST : 0);
    }

    public I8042State state() {
        return new I8042State(
                Arrays.stream(memory).boxed().toList(),
                lastCommand,
                outputPort,
                commandLast,
                keyboard.command(),
                List.copyOf(output));
    }

    public void restore(I8042State saved) {
        for (int i = 0; i < MEMORY; i++) {
            memory[i] = saved.memory().get(i);
        }
        lastCommand = saved.lastCommand();
        outputPort = saved.outputPort();
        commandLast = saved.commandLast();
        keyboard.restore(saved.keyboardCommand());
        output.clear();
        saved.output().stream().limit(QUEUE).forEach(output::add);
        update();
    }

    private final class DataPort implements ByteDevice {
        @Override
        public int read(int offset) {
            return readData();
        }

        @Override
        public void write(int offset, int value) {
            writeData(value);
        }
    }

    private final class CommandPort implements ByteDevice {
        @Override
        public int read(int offset) {
            return status();
        }

        @Override
        public void write(int offset, int value) {
            command(value);
        }
    }
}
