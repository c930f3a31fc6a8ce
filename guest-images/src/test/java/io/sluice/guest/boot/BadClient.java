package io.sluice.guest.boot;

import io.sluice.guest.testkit.RawClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/// Clients that one would not wish to have. Each does its worst for a second or two and goes away.
enum BadClient {
    /// Commands with bytes changed at random; what they would do if they were sound does no harm.
    FUZZED_BYTES {
        @Override
        void attack(Path socket, Random random) {
            withClients(socket, 4, clients -> during(TIME, clients, (client, round) -> client.send(mutated(random))));
        }
    },

    /// 64 MiB of a string that does not end, and 64 MiB of anything.
    GARBAGE {
        @Override
        void attack(Path socket, Random random) {
            var any = new byte[1 << 20];
            random.nextBytes(any);
            withClients(socket, 2, clients -> {
                clients.getFirst().send("{'x': '");
                for (int i = 0; i < 64; i++) {
                    clients.getFirst().send("x".repeat(1 << 20));
                    clients.getLast().send(any);
                }
            });
        }
    },

    DEPTH_BOMBS {
        @Override
        void attack(Path socket, Random random) {
            var flat = "[".repeat(1 << 16);
            var objects = "{'a':".repeat(1000);
            withClients(
                    socket,
                    4,
                    clients -> during(TIME, clients, (client, round) -> client.send(round % 2 == 0 ? flat : objects)));
        }
    },

    /// More of them, and longer, than there is memory for.
    HALF_COMMANDS {
        @Override
        void attack(Path socket, Random random) {
            var much = "y".repeat(1 << 20);
            withClients(socket, 200, clients -> {
                clients.forEach(client -> client.send("{'execute': 'query-status', 'id': '"));
                clients.forEach(client -> client.send(much));
                during(TIME, clients, (client, round) -> client.drain());
            });
        }
    },

    /// They ask and do not read; neither do they read what becomes of the devices that another makes and removes.
    SLOW_READERS {
        @Override
        void attack(Path socket, Random random) {
            var create = "{'execute': 'x-sluice-mdev-create', 'arguments': {'type': 'mtty-1', 'uuid': '" + CARD + "'}}";
            var remove = "{'execute': 'x-sluice-mdev-remove', 'arguments': {'uuid': '" + CARD + "'}}";
            withClients(socket, 17, clients -> {
                clients.forEach(client -> client.offer(NEGOTIATE));
                clients.subList(9, 17).forEach(client -> client.offer(SCHEMA.repeat(200)));
                var one = clients.subList(0, 1);
                during(TIME.multipliedBy(3), one, (client, round) -> client.send((create + remove).repeat(20)));
            });
        }
    },

    CROWD {
        @Override
        void attack(Path socket, Random random) {
            for (int i = 0; i < 3; i++) {
                withClients(
                        socket, 500, clients -> clients.forEach(client -> client.send(NEGOTIATE + SCHEMA + STATUS)));
            }
        }
    },

    /// The connection goes in the middle of commands, with replies underway and half a command sent.
    KILLED {
        @Override
        void attack(Path socket, Random random) {
            long end = System.nanoTime() + TIME.toNanos();
            while (System.nanoTime() < end) {
                withClients(
                        socket,
                        5,
                        clients -> clients.forEach(
                                client -> client.offer(NEGOTIATE + TYPES.repeat(20) + SCHEMA.repeat(20) + "{'exec")));
            }
        }
    };

    private static final Duration TIME = Duration.ofSeconds(2);
    private static final String CARD = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
    private static final String NEGOTIATE = "{'execute': 'qmp_capabilities'}";
    private static final String STATUS = "{'execute': 'query-status', 'id': {'a': [1, -2.5e3, null, 'x']}}";
    private static final String SCHEMA = "{'execute': 'query-qmp-schema'}";
    private static final String TYPES = "{'execute': 'qom-list-types', 'arguments': {'abstract': true}}";
    private static final List<String> SOUND = List.of(
            STATUS,
            TYPES,
            "{\"execute\": \"qom-list\", \"arguments\": {\"path\": \"/machine\"}, \"id\": \"\\ud834\\udd1e\"}",
            "{'execute': 'human-monitor-command', 'arguments': {'command-line': 'info mtree'}}",
            "{'execute': 'device_add', 'arguments': {'driver': 'edu', 'bus': 'nowhere'}}",
            "[[[{'a': [true, false, null]}]]] '\u20ac' 12 @ \u0001\n");

    /// Does what this client does. It is over when the connections are gone.
    abstract void attack(Path socket, Random random);

    private interface Crowd {
        void act(List<RawClient> clients);
    }

    private static void withClients(Path socket, int count, Crowd crowd) {
        var clients = new ArrayList<RawClient>();
        try {
            IntStream.range(0, count).forEach(i -> clients.add(RawClient.connect(socket)));
            crowd.act(clients);
        } finally {
            clients.forEach(RawClient::close);
        }
    }

    /// Lets them act in turn; one that was cut off stays silent.
    private static void during(Duration time, List<RawClient> clients, BiConsumer<RawClient, Integer> act) {
        long end = System.nanoTime() + time.toNanos();
        for (int round = 0; System.nanoTime() < end; round++) {
            for (var client : clients) {
                if (!client.hasEnded()) {
                    act.accept(client, round);
                }
            }
        }
    }

    private static byte[] mutated(Random random) {
        var text = new StringBuilder(NEGOTIATE);
        for (int i = random.nextInt(1, 8); i > 0; i--) {
            text.append(SOUND.get(random.nextInt(SOUND.size())));
        }
        var bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int i = random.nextInt(12); i > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }
}
