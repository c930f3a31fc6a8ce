package io.sluice.samples.ring;

import static io.sluice.samples.ring.KeyTable.READ;
import static io.sluice.samples.ring.KeyTable.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Clients that write whatever they like into their rings and doorbells. Only what a key or a ring gives them changes.
@Timeout(60)
class HostileTest {
    private static final int PAGES = 64;
    private static final int CLIENTS = 4;
    private static final int ROUNDS = 4000;

    private final RingRig rig = new RingRig("ring-4", PAGES);
    private final BitSet mayChange = new BitSet();

    static LongStream seeds() {
        return LongStream.range(1, 21);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void nothingChangesThatWasNotGiven(long seed) {
        var random = new Random(seed);
        random.nextBytes(rig.memory.bytes);
        var before = rig.memory.bytes.clone();
        var keys = new int[CLIENTS * 3 + 2];
        for (int client = 0; client < CLIENTS; client++) {
            owner(random, client, keys);
        }

        for (int i = 0; i < ROUNDS; i++) {
            int client = random.nextInt(CLIENTS);
            switch (random.nextInt(12)) {
                case 0 -> rig.device.store(2, client * 4096L + 4 * random.nextInt(8), 4, random.nextInt(20) - 1);
                case 1 -> rig.device.store(2, random.nextInt(4 * 4096), 1 << random.nextInt(4), random.nextLong());
                case 2 -> scribble(random, client, before);
                case 3 -> restart(random, client, keys);
                case 4 -> rig.loop.run();
                default -> ring(random, client, keys, before);
            }
        }
        rig.loop.run();

        for (int at = 0; at < before.length; at++) {
            if (before[at] != rig.memory.bytes[at] && !mayChange.get(at)) {
                throw new AssertionError("byte " + at + " changed, seed " + seed);
            }
        }
        assertThat(mayChange.cardinality()).isLessThan(before.length / 2);
    }

    private static int commands(int client) {
        return 2 * client * GrantedPages.PAGE;
    }

    /// Makes the client with a small ring, and gives it a key to read, one to write and one for both.
    private void owner(Random random, int client, int[] keys) {
        assertThat(rig.create(client, 2, 3)).isEqualTo(Result.DONE);
        mayChange.set(commands(client) + GrantedPages.PAGE, commands(client) + GrantedPages.PAGE + 8 * 16);
        for (int rights = READ; rights <= (READ | WRITE); rights++) {
            int at = (8 + random.nextInt(PAGES - 10)) * GrantedPages.PAGE + random.nextInt(GrantedPages.PAGE);
            int length = 1 + random.nextInt(800);
            keys[client * 3 + rights - 1] = rig.key(client, GrantedPages.BASE + at, length, rights);
            if ((rights & WRITE) != 0) {
                mayChange.set(at, at + length);
            }
        }
    }

    private void restart(Random random, int client, int[] keys) {
        boolean stopped = (rig.get(RingReg.STOPPED) >> client & 1) != 0;
        if (stopped || random.nextInt(40) == 0) {
            rig.destroy(client);
            if (mayChange.cardinality() < PAGES * GrantedPages.PAGE / 3) {
                owner(random, client, keys);
            }
        }
    }

    /// Random bytes into a command; the test's own writes are no change.
    private void scribble(Random random, int client, byte[] before) {
        int at = commands(client) + random.nextInt(4 * Command.SIZE);
        rig.memory.bytes[at] = (byte) random.nextInt();
        before[at] = rig.memory.bytes[at];
    }

    /// A command that is nearly right, with either phase, and a doorbell.
    private void ring(Random random, int client, int[] keys, byte[] before) {
        var packet = new Packet(
                random.nextInt(7),
                random.nextInt(8) == 0 ? random.nextInt(4) : 0,
                random.nextInt(),
                random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(900),
                keys[random.nextInt(keys.length)],
                keys[random.nextInt(keys.length)],
                random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(900) - 10,
                random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(900) - 10,
                random.nextLong());
        long head = rig.device.load(2, client * 4096L + DoorbellReg.HEAD.spec().offset(), 4) & 3;
        boolean first = random.nextBoolean();
        var bytes = packet.bytes(first);
        int at = commands(client) + (int) head * Command.SIZE;
        System.arraycopy(bytes, 0, rig.memory.bytes, at, bytes.length);
        System.arraycopy(bytes, 0, before, at, bytes.length);
        rig.device.store(2, client * 4096L, 4, head + 1 & 3);
        rig.loop.run();
        long posted =
                rig.device.load(2, client * 4096L + DoorbellReg.POSTED.spec().offset(), 4);
        rig.device.store(2, client * 4096L + DoorbellReg.SEEN.spec().offset(), 4, posted);
    }
}
