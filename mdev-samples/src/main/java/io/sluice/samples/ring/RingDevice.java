package io.sluice.samples.ring;

import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import java.util.List;
import java.util.stream.IntStream;

/// One device: the owner's page in BAR 0, a doorbell page a client in BAR 2.
final class RingDevice implements MdevDevice {
    private static final int OWNER = 0;
    private static final int DOORBELLS = 2;

    private final int doorbells;
    private final RingConfig config;
    private final Client[] clients;
    private final KeyTable keys;
    private final ErrorLog log = new ErrorLog();
    private final Interrupts interrupts;
    private final Engine engine;
    private final Owner owner;

    RingDevice(int clientCount, MdevContext context, RingMemory memory) {
        doorbells = clientCount * DoorbellReg.PAGE;
        clients = IntStream.range(0, clientCount).mapToObj(Client::new).toArray(Client[]::new);
        keys = new KeyTable(clientCount);
        interrupts = new Interrupts(context, clientCount);
        config = new RingConfig(doorbells, interrupts.vectors());
        engine = new Engine(clients, keys, memory, log, interrupts, context::defer);
        owner = new Owner(clients, keys, log, interrupts, this::resetClients);
    }

    @Override
    public List<VfioRegion> regions() {
        return IntStream.range(0, VfioRegion.PCI_REGIONS)
                .mapToObj(index -> VfioRegion.trapped(size(index)))
                .toList();
    }

    private long size(int region) {
        return switch (region) {
            case OWNER -> RingConfig.BAR0_SIZE;
            case DOORBELLS -> doorbells;
            case VfioRegion.CONFIG -> RingConfig.SIZE;
            default -> 0;
        };
    }

    @Override
    public int vectors(VfioIrq irq) {
        return switch (irq) {
            case INTX -> 1;
            case MSI -> interrupts.vectors();
            case MSIX, ERR, REQ -> 0;
        };
    }

    @Override
    public long read(int region, long offset, int size) {
        return switch (region) {
            case OWNER -> owner.read(offset, size);
            case DOORBELLS -> readDoorbell(client(offset), offset % DoorbellReg.PAGE, size);
            default -> readConfig((int) offset, size);
        };
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        switch (region) {
            case OWNER -> owner.write(offset, size, value);
            case DOORBELLS -> ring(client(offset), offset % DoorbellReg.PAGE, size, (int) value);
            default -> writeConfig((int) offset, size, value);
        }
        engine.run(owner.isRunning() && config.isBusMaster());
    }

    private long readConfig(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) config.readByte(offset + i) << 8 * i;
        }
        return value;
    }

    private void writeConfig(int offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            config.writeByte(offset + i, (int) (value >> 8 * i) & 0xFF);
        }
        interrupts.pinOff(config.isPinOff());
    }

    /// The page says whose doorbell it is: a program that has one page mapped has one client.
    private Client client(long offset) {
        return clients[(int) (offset / DoorbellReg.PAGE)];
    }

    private static long readDoorbell(Client client, long offset, int size) {
        var register = DoorbellReg.TABLE.at(offset);
        if (register == null || size != 4 || (offset & 3) != 0) {
            return -1;
        }
        return switch (register) {
            case TAIL -> client.tail;
            case SEEN -> client.seen;
            case ARM -> client.armed ? 1 : 0;
            case STATE -> client.state.ordinal() | client.reason.ordinal() << 8;
            case HEAD -> client.head;
            case POSTED -> client.posted;
        };
    }

    private void ring(Client client, long offset, int size, int value) {
        var register = DoorbellReg.TABLE.at(offset);
        if (register == null || size != 4 || (offset & 3) != 0 || client.state != Client.State.RUNNING) {
            return;
        }
        boolean good = switch (register) {
            case TAIL -> client.ring(value);
            case SEEN -> client.see(value);
            case ARM -> arm(client, value);
            case STATE, HEAD, POSTED -> true;
        };
        if (!good) {
            engine.stop(client, StopReason.BAD_DOORBELL, Integer.toUnsignedLong(value));
        }
    }

    /// Who has seen all but the newest completion is told at once; so none slips in between looking and arming.
    private boolean arm(Client client, int next) {
        if ((next & ~client.completionMask) != 0) {
            return false;
        }
        client.armed = next == client.posted;
        if (!client.armed) {
            interrupts.raise(client.number);
        }
        return true;
    }

    /// What the owner's RESET does: everything but configuration space.
    private void resetClients() {
        for (var client : clients) {
            client.clear();
        }
        keys.clear();
        log.clear();
        owner.clear();
        interrupts.clear();
    }

    @Override
    public void reset() {
        config.reset();
        interrupts.pinOff(false);
        resetClients();
        engine.run(false);
    }

    @Override
    public void close() {}
}
