package io.sluice.samples.ring;

import static io.sluice.samples.ring.KeyTable.READ;
import static io.sluice.samples.ring.KeyTable.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Clients that write whatever they like into their rings and doorbells. A model knows what each was given; each access
/// that the device makes for a client is held against it.
@Timeout(120)
class HostileTest {
    private static final int PAGES = 64;
    private static final int CLIENTS = 4;
    private static final int ROUNDS = 4000;

    private final RingRig rig = new RingRig("ring-4", PAGES);
    private final Given[] given =
            IntStream.range(0, CLIENTS).mapToObj(i -> new Given()).toArray(Given[]::new);
    /// A key to read, one to write, one for both for each client, and two that nobody has.
    private final int[] keys = new int[CLIENTS * 3 + 2];

    private int current;
    private int reads;
    private int writes;

    /// The bytes that the device may reach for a client.
    private static final class Given {
        final BitSet toRead = new BitSet();
        final BitSet toWrite = new BitSet();
    }

    static LongStream seeds() {
        return LongStream.range(1, 21);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theDeviceReachesForAClientWhatThatClientWasGiven(long seed) {
        var random = new Random(seed);
        rig.memory.watch = (isWrite, at, length) -> check(seed, isWrite, at, length);
        IntStream.range(0, CLIENTS).forEach(client -> create(random, client));

        for (int i = 0; i < ROUNDS; i++) {
            current = random.nextInt(CLIENTS);
            restart(random);
            switch (random.nextInt(12)) {
                case 0 -> doorbell(4L * random.nextInt(8), random.nextInt(20) - 1);
                case 1 -> rig.device.store(2, page() + random.nextInt(4096), 1 << random.nextInt(4), random.nextLong());
                case 2 -> rig.memory.bytes[commands() + random.nextInt(4 * Command.SIZE)] = (byte) random.nextInt();
                default -> submit(random);
            }
            rig.loop.run();
        }

        assertThat(reads).isGreaterThan(1000);
        assertThat(writes).isGreaterThan(1000);
    }

    private void check(long seed, boolean isWrite, int at, int length) {
        var mine = isWrite ? given[current].toWrite : given[current].toRead;
        if (mine.nextClearBit(at) < at + length) {
            throw new AssertionError("for client " + current + " the device " + (isWrite ? "writes " : "reads ")
                    + length + " bytes at " + at + ", seed " + seed);
        }
        reads += isWrite ? 0 : 1;
        writes += isWrite ? 1 : 0;
    }

    private int commands() {
        return 2 * current * GrantedPages.PAGE;
    }

    private long page() {
        return (long) current * DoorbellReg.PAGE;
    }

    private void doorbell(long offset, long value) {
        rig.device.store(2, page() + offset, 4, value);
    }

    private long doorbell(DoorbellReg register) {
        return rig.device.load(2, page() + register.spec().offset(), 4);
    }

    /// Makes the client, with 4 commands and 8 completions.
    private void create(Random random, int client) {
        current = client;
        var mine = given[client];
        Arrays.fill(rig.memory.bytes, commands(), commands() + 4 * Command.SIZE, (byte) 0);
        assertThat(rig.create(client, 2, 3)).isEqualTo(Result.DONE);
        mine.toRead.set(commands(), commands() + 4 * Command.SIZE);
        mine.toWrite.set(commands() + GrantedPages.PAGE, commands() + GrantedPages.PAGE + 8 * 16);
        for (int rights = READ; rights <= (READ | WRITE); rights++) {
            int at = (8 + random.nextInt(PAGES - 10)) * GrantedPages.PAGE + random.nextInt(GrantedPages.PAGE);
            int length = 1 + random.nextInt(800);
            keys[client * 3 + rights - 1] = rig.key(client, GrantedPages.BASE + at, length, rights);
            mine.toRead.set(at, at + length * (rights & READ));
            mine.toWrite.set(at, at + length * (rights >> 1));
        }
    }

    private void restart(Random random) {
        boolean stopped = (rig.get(RingReg.STOPPED) >> current & 1) != 0;
        if (stopped || random.nextInt(200) == 0) {
            rig.destroy(current);
            given[current].toRead.clear();
            given[current].toWrite.clear();
            create(random, current);
        }
    }

    /// A command that is nearly right, mostly with the phase that is wanted, and the doorbell.
    private void submit(Random random) {
        var packet = new Packet(
                random.nextInt(7),
                random.nextInt(8) == 0 ? random.nextInt(4) : 0,
                random.nextInt(),
                rarely(random, random.nextInt(), random.nextInt(300)),
                keys[key(random)],
                keys[key(random)],
                rarely(random, random.nextLong(), random.nextInt(500) - 10),
                rarely(random, random.nextLong(), random.nextInt(500) - 10),
                random.nextLong());
        int head = (int) doorbell(DoorbellReg.HEAD) & 3;
        boolean lastPhase = rig.memory.bytes[commands() + head * Command.SIZE + 1] < 0;
        var bytes = packet.bytes(random.nextInt(16) == 0 ? lastPhase : !lastPhase);
        System.arraycopy(bytes, 0, rig.memory.bytes, commands() + head * Command.SIZE, bytes.length);
        doorbell(DoorbellReg.TAIL.spec().offset(), head + 1 & 3);
        rig.loop.run();
        doorbell(DoorbellReg.SEEN.spec().offset(), doorbell(DoorbellReg.POSTED));
    }

    private static int rarely(Random random, int odd, int plain) {
        return random.nextInt(8) == 0 ? odd : plain;
    }

    private static long rarely(Random random, long odd, long plain) {
        return random.nextInt(8) == 0 ? odd : plain;
    }

    /// Its own mostly, then anybody's.
    private int key(Random random) {
        return random.nextInt(3) != 0 ? current * 3 + random.nextInt(3) : random.nextInt(keys.length);
    }
}
