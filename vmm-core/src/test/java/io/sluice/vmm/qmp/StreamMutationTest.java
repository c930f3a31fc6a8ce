package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Bytes that were sound once, changed at random: whatever comes, the session answers in whole messages, holds no
/// memory, hears the next command, and gives the same answers however the bytes were split.
///
/// Runs for two seconds; `-Dsluice.fuzz.seconds=600` for longer, `-Dsluice.fuzz.seed=N` for the same again.
class StreamMutationTest {
    private static final String[] SEEDS = {
        "{'execute':'query-kvm','id':'\\ud834\\udd1e\\n\u20AC'}",
        "{\"execute\": \"echo\", \"arguments\": {\"value\": [1, -2.5e3, null, {\"a\": {}}], \"text\": \"x\"}, \"id\": 0}",
        "{'exec-oob':'yank','arguments':{'instances':[{'type':'chardev','id':'nobody'}]}}",
        "{'execute':'memsave','arguments':{'val':18446744073709551615,'size':0,'filename':'f','cpu-index':-1}}",
        "[[[[{'a':[true,false,null]}]]]] 'x' 12 @ \n",
        "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
        "{'execute':'query-qmp-schema'}{'execute':'stop'}\r\n",
    };
    private static final byte[] TELLING =
            "{}[],:'\"\\u-+.e0919truefalsn \n\r\t\u0001".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] REST = {0, (byte) 0xFF, (byte) 0xC0, (byte) 0x80, (byte) 0xED, (byte) 0xF4, 0x7F};

    @Test
    void noBytesHurtASession() {
        long seed = Long.getLong("sluice.fuzz.seed", 20_260_101L);
        var end = Instant.now().plus(Duration.ofSeconds(Long.getLong("sluice.fuzz.seconds", 2L)));
        System.out.println("seed " + seed);
        var random = new Random(seed);

        long rounds = 0;
        while (Instant.now().isBefore(end)) {
            var bytes = mutated(random);
            SessionBytes.check(bytes, random.nextInt(bytes.length + 1));
            rounds++;
        }

        assertThat(rounds).isPositive();
    }

    private static byte[] mutated(Random random) {
        var text = new StringBuilder();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            text.append(SEEDS[random.nextInt(SEEDS.length)]);
        }
        var bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int i = random.nextInt(12); i > 0; i--) {
            bytes = mutate(bytes, random);
        }
        return bytes;
    }

    private static byte[] mutate(byte[] bytes, Random random) {
        if (bytes.length < 2) {
            return new byte[] {'{'};
        }
        int at = random.nextInt(bytes.length);
        int other = random.nextInt(bytes.length);
        switch (random.nextInt(6)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = TELLING[random.nextInt(TELLING.length)];
            case 2 -> bytes[at] = REST[random.nextInt(REST.length)];
            case 3 -> bytes[at] = bytes[other];
            case 4 -> {
                return Arrays.copyOf(bytes, at + 1);
            }
            default -> {
                int from = Math.min(at, other);
                int length = Math.max(at, other) - from;
                var longer = Arrays.copyOf(bytes, bytes.length + length);
                System.arraycopy(bytes, from, longer, bytes.length, length);
                return longer;
            }
        }
        return bytes;
    }
}
