package io.sluice.samples.ring;

import org.jspecify.annotations.Nullable;

/// The owner's page: what it orders is done when the write has been done, and the next read says how it went. Not one
/// byte moves for a client or by a key after the order that ended it.
final class Owner {
    private static final int LOG_SMALLEST_RING = 1;
    static final int LOG_LARGEST_RING = 12;

    private final Client[] clients;
    private final KeyTable keys;
    private final ErrorLog log;
    private final Interrupts interrupts;
    private final Runnable reset;
    private final long[] values = new long[RingReg.COUNT];

    Owner(Client[] clients, KeyTable keys, ErrorLog log, Interrupts interrupts, Runnable reset) {
        this.clients = clients;
        this.keys = keys;
        this.log = log;
        this.interrupts = interrupts;
        this.reset = reset;
        clear();
    }

    void clear() {
        for (var register : RingReg.values()) {
            values[register.ordinal()] = register.spec().reset();
        }
    }

    private long get(RingReg register) {
        return values[register.ordinal()];
    }

    private void set(RingReg register, long value) {
        values[register.ordinal()] = value;
    }

    boolean isRunning() {
        return (get(RingReg.CONTROL) & RingReg.RUN) != 0;
    }

    /// A register takes an access of its own size; one of 8 bytes takes its halves too. Whatever else: all ones.
    private static boolean answers(RingReg register, long offset, int size) {
        var spec = register.spec();
        return size == spec.width() && offset == spec.offset() || size == 4 && spec.width() == 8 && (offset & 3) == 0;
    }

    long read(long offset, int size) {
        var register = RingReg.TABLE.at(offset);
        if (register == null || !answers(register, offset, size)) {
            return -1;
        }
        return value(register) >>> 8 * (offset - register.spec().offset());
    }

    private long value(RingReg register) {
        return switch (register) {
            case CLIENTS -> clients.length;
            case KEYS -> keys.slots();
            case LIMITS -> LOG_LARGEST_RING | Engine.LOG_LONGEST << 8 | KeyTable.LOG_KEYS_EACH << 16;
            case CAUSE -> interrupts.causes();
            case ENABLE -> interrupts.enabled();
            case STOPPED -> stopped();
            case ERRORS -> log.counts();
            case ERROR -> log.entry();
            case ERROR_AT -> log.place();
            case IDENTITY,
                    VERSION,
                    CONTROL,
                    CLIENT,
                    SHAPE,
                    COMMANDS,
                    COMPLETIONS,
                    KEY,
                    RIGHTS,
                    FIRST,
                    LENGTH,
                    ORDER,
                    RESULT,
                    ERROR_NEXT -> get(register);
        };
    }

    private long stopped() {
        long bits = 0;
        for (var client : clients) {
            bits |= client.state == Client.State.STOPPED ? 1L << client.number : 0;
        }
        return bits;
    }

    void write(long offset, int size, long value) {
        var register = RingReg.TABLE.at(offset);
        if (register == null || !answers(register, offset, size)) {
            return;
        }
        int shift = (int) (8 * (offset - register.spec().offset()));
        long mask = (size == 8 ? -1 : 0xFFFF_FFFFL) << shift;
        long bits = value << shift & mask;
        switch (register) {
            case IDENTITY, VERSION, CLIENTS, KEYS, LIMITS, STOPPED, RESULT, ERRORS, ERROR, ERROR_AT -> {}
            case CONTROL -> control(bits);
            case CAUSE -> interrupts.acknowledge(bits);
            case ENABLE -> interrupts.enable(interrupts.enabled() & ~mask | bits);
            case CLIENT, SHAPE, COMMANDS, COMPLETIONS, KEY, RIGHTS, FIRST, LENGTH ->
                set(register, register.written(get(register), get(register) & ~mask | bits));
            case ORDER -> {
                set(register, bits);
                set(RingReg.RESULT, carryOut(Order.of(bits)).ordinal());
            }
            case ERROR_NEXT -> log.next();
        }
    }

    private void control(long bits) {
        if ((bits & RingReg.RESET) != 0) {
            reset.run();
        } else {
            set(RingReg.CONTROL, RingReg.CONTROL.written(get(RingReg.CONTROL), bits));
        }
    }

    private Result carryOut(@Nullable Order order) {
        if (order == null) {
            return Result.BAD_ORDER;
        }
        long number = get(RingReg.CLIENT);
        if (order != Order.NONE && number >= clients.length) {
            return Result.NO_CLIENT;
        }
        return switch (order) {
            case NONE -> Result.DONE;
            case CREATE -> create(clients[(int) number]);
            case DESTROY -> destroy(clients[(int) number]);
            case REGISTER -> register(clients[(int) number]);
            case DEREGISTER -> deregister(clients[(int) number]);
        };
    }

    private Result create(Client client) {
        if (client.state != Client.State.ABSENT) {
            return Result.EXISTS;
        }
        int logCommands = (int) get(RingReg.SHAPE) & 0x1F;
        int logCompletions = (int) get(RingReg.SHAPE) >> 8 & 0x1F;
        if (!isRing(logCommands) || !isRing(logCompletions)) {
            return Result.BAD_SHAPE;
        }
        long commands = get(RingReg.COMMANDS);
        long completions = get(RingReg.COMPLETIONS);
        if (!isPlace(commands, Command.SIZE, logCommands)
                || !isPlace(completions, Engine.COMPLETION_SIZE, logCompletions)) {
            return Result.BAD_ADDRESS;
        }
        client.create(commands, 1 << logCommands, completions, 1 << logCompletions);
        return Result.DONE;
    }

    private static boolean isRing(int log) {
        return log >= LOG_SMALLEST_RING && log <= LOG_LARGEST_RING;
    }

    private static boolean isPlace(long first, int entry, int log) {
        return first % entry == 0 && !wraps(first, (long) entry << log);
    }

    /// Whether the range passes the end of the address space.
    private static boolean wraps(long first, long length) {
        return Long.compareUnsigned(first + (length - 1), first) < 0;
    }

    private Result destroy(Client client) {
        if (client.state == Client.State.ABSENT) {
            return Result.NO_CLIENT;
        }
        client.clear();
        keys.drop(client.number);
        interrupts.acknowledge(1L << client.number);
        return Result.DONE;
    }

    private Result register(Client client) {
        long rights = get(RingReg.RIGHTS);
        long length = get(RingReg.LENGTH);
        if (client.state == Client.State.ABSENT) {
            return Result.NO_CLIENT;
        }
        if (rights == 0 || (rights & ~(KeyTable.READ | KeyTable.WRITE)) != 0) {
            return Result.BAD_RIGHTS;
        }
        if (length <= 0 || wraps(get(RingReg.FIRST), length)) {
            return Result.BAD_ADDRESS;
        }
        if (!keys.hasRoom(client.number)) {
            return Result.NO_ROOM;
        }
        int key = keys.register(client.number, get(RingReg.FIRST), length, (int) rights);
        set(RingReg.KEY, key & 0xFFFF_FFFFL);
        return Result.DONE;
    }

    private Result deregister(Client client) {
        return keys.deregister(client.number, (int) get(RingReg.KEY)) ? Result.DONE : Result.NO_KEY;
    }
}
