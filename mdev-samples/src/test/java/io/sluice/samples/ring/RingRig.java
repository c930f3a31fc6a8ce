package io.sluice.samples.ring;

import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.UUID;

/// A device that is open and runs, the program that owns it, and memory.
final class RingRig {
    static final long RINGS = GrantedPages.BASE;
    /// Where data lies, after a page of commands and a page of completions for each of eight clients.
    static final long DATA = GrantedPages.BASE + 16 * GrantedPages.PAGE;

    final DirectLoop loop = new DirectLoop();
    final GrantedPages memory;
    final MdevInstance instance;
    final VfioDevice device;

    RingRig(String type, int pages) {
        memory = new GrantedPages(pages);
        var bus = new MdevBus();
        bus.register(new RingDriver(context -> memory));
        instance = bus.create(type, UUID.randomUUID().toString(), loop::strand);
        device = instance.open();
        config(0x04, 2, 0x0006);
        set(RingReg.CONTROL, RingReg.RUN);
    }

    RingRig() {
        this("ring-4", 128);
    }

    void config(int offset, int size, long value) {
        device.store(VfioRegion.CONFIG, offset, size, value);
    }

    void set(RingReg register, long value) {
        device.store(0, register.spec().offset(), register.spec().width(), value);
    }

    long get(RingReg register) {
        long value = device.load(0, register.spec().offset(), register.spec().width());
        return register.spec().width() == 4 ? value & 0xFFFF_FFFFL : value;
    }

    Result order(Order order) {
        set(RingReg.ORDER, order.ordinal());
        return Result.values()[(int) get(RingReg.RESULT)];
    }

    Result create(int client, int logCommands, int logCompletions) {
        set(RingReg.CLIENT, client);
        set(RingReg.SHAPE, logCommands | logCompletions << 8);
        set(RingReg.COMMANDS, RINGS + 2L * client * GrantedPages.PAGE);
        set(RingReg.COMPLETIONS, RINGS + (2L * client + 1) * GrantedPages.PAGE);
        return order(Order.CREATE);
    }

    /// A client with rings of these sizes, and its program.
    Program program(int client, int logCommands, int logCompletions) {
        if (create(client, logCommands, logCompletions) != Result.DONE) {
            throw new AssertionError("client " + client + " could not be made");
        }
        return new Program(
                device,
                memory,
                client,
                get(RingReg.COMMANDS),
                1 << logCommands,
                get(RingReg.COMPLETIONS),
                1 << logCompletions);
    }

    Program program(int client) {
        return program(client, 4, 4);
    }

    Result register(int client, long first, long length, int rights) {
        set(RingReg.CLIENT, client);
        set(RingReg.FIRST, first);
        set(RingReg.LENGTH, length);
        set(RingReg.RIGHTS, rights);
        return order(Order.REGISTER);
    }

    int key(int client, long first, long length, int rights) {
        if (register(client, first, length, rights) != Result.DONE) {
            throw new AssertionError("no key");
        }
        return (int) get(RingReg.KEY);
    }

    Result destroy(int client) {
        set(RingReg.CLIENT, client);
        return order(Order.DESTROY);
    }

    Result deregister(int client, int key) {
        set(RingReg.CLIENT, client);
        set(RingReg.KEY, key);
        return order(Order.DEREGISTER);
    }

    /// Submits, lets the device work, and takes the answer.
    Program.Answer run(Program program, Packet packet) {
        program.submit(packet);
        loop.run();
        return program.answer();
    }

    /// A place in memory.
    static int at(long iova) {
        return (int) (iova - GrantedPages.BASE);
    }
}
