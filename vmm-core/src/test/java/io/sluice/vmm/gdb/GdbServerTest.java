package io.sluice.vmm.gdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Sockets between a debugger and a machine's owner.
@Timeout(120)
final class GdbServerTest implements LoopEvents {
    private static final GdbTarget.Tcp ANY_PORT = new GdbTarget.Tcp("127.0.0.1", 0);

    private final FakePort port = new FakePort();
    private final VertxLoops loops = VertxLoops.start(0, this);
    private final ExecutorService owner = Executors.newSingleThreadExecutor();

    @TempDir
    private Path directory;

    @Override
    public void failed(String loop, Throwable failure) {
        throw new AssertionError(loop, failure);
    }

    @Override
    public void blocked(String loop, long nanos) {}

    @AfterEach
    void close() throws InterruptedException {
        loops.close();
        owner.shutdown();
        assertThat(owner.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    private SocketChannel tcp() throws IOException {
        var server = GdbServer.listen(loops.vertx(), ANY_PORT, port, owner::execute);
        return SocketChannel.open(new InetSocketAddress("127.0.0.1", server.port()));
    }

    private static String ask(SocketChannel client, String packet) throws IOException {
        client.write(ByteBuffer.wrap(GdbClient.framed(packet).getBytes(StandardCharsets.ISO_8859_1)));
        var line = new StringBuilder();
        var bytes = ByteBuffer.allocate(1);
        while (line.length() < 3 || line.charAt(line.length() - 3) != '#') {
            bytes.clear();
            if (client.read(bytes) < 0) {
                return "closed";
            }
            line.append((char) (bytes.get(0) & 0xFF));
        }
        return GdbClient.payload(line.toString());
    }

    @Test
    void aDebuggerTalksOverTcpAndTheMachineGoesOnWhenItIsLost() throws IOException {
        try (var client = tcp()) {
            assertThat(ask(client, "qC")).isEqualTo("QC1");
            assertThat(port.isRunning()).isFalse();
        }

        await().until(port.calls::size, size -> size == 1);
        assertThat(port.calls).containsExactly("abandon");
    }

    @Test
    void aSecondDebuggerIsClosedAndAThirdIsHeardWhenTheFirstHasGone() throws IOException {
        var server = GdbServer.listen(loops.vertx(), ANY_PORT, port, owner::execute);
        var address = new InetSocketAddress("127.0.0.1", server.port());

        try (var first = SocketChannel.open(address)) {
            assertThat(ask(first, "qC")).isEqualTo("QC1");
            try (var second = SocketChannel.open(address)) {
                assertThat(second.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            }
            assertThat(ask(first, "D")).isEqualTo("OK");
            assertThat(first.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        try (var third = SocketChannel.open(address)) {
            assertThat(ask(third, "qC")).isEqualTo("QC1");
        }
    }

    @Test
    void manyPacketsAtOnceAreAllAnsweredInOrder() throws IOException {
        try (var client = tcp()) {
            assertThat(ask(client, "QStartNoAckMode")).isEqualTo("OK");
            var packets = GdbClient.framed("m10000,1000").repeat(200) + GdbClient.framed("qC");
            var writer = new Thread(() -> write(client, packets));
            writer.start();

            var answer = new StringBuilder();
            var bytes = ByteBuffer.allocate(1 << 16);
            while (!answer.toString().endsWith("$QC1#c5")) {
                bytes.clear();
                client.read(bytes);
                answer.append(new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1));
            }

            assertThat(answer).hasSize(200 * (0x2000 + 4) + 7);
        }
    }

    private static void write(SocketChannel client, String text) {
        try {
            var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
            while (bytes.hasRemaining()) {
                client.write(bytes);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void garbageIsReadOverAndTheConnectionLives() throws IOException {
        long seed = new SplittableRandom().nextLong();
        var random = new SplittableRandom(seed);
        var garbage = new byte[1 << 20];
        random.nextBytes(garbage);

        try (var client = tcp()) {
            ask(client, "QStartNoAckMode");
            write(client, new String(garbage, StandardCharsets.ISO_8859_1) + "0#00#00");
            String answer;
            do {
                answer = ask(client, "qC");
            } while (!answer.equals("QC1") && !answer.equals("closed"));

            assertThat(answer).as("seed %d", seed).isEqualTo("QC1");
        }
    }

    @Test
    void anAddressThatIsTakenIsRefused() {
        var server = GdbServer.listen(loops.vertx(), ANY_PORT, port, owner::execute);
        var taken = new GdbTarget.Tcp("127.0.0.1", server.port());
        var others = VertxLoops.start(0, this);

        assertThatThrownBy(() -> GdbServer.listen(others.vertx(), taken, port, owner::execute))
                .isInstanceOf(GdbListenException.class)
                .hasMessageContaining("in use");
        others.close();
    }

    @Test
    void aSocketFileIsItsOwnersAndGoesAtTheEnd() throws IOException {
        var path = directory.resolve("gdb.sock");

        try (var server = GdbServer.listen(loops.vertx(), new GdbTarget.Unix(path), port, owner::execute);
                var client = SocketChannel.open((SocketAddress) UnixDomainSocketAddress.of(path))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            assertThat(ask(client, "qC")).isEqualTo("QC1");
            assertThat(server.port()).isNotPositive();
        }

        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aStaleSocketFileIsReplacedOneThatAnswersOrAnotherFileIsNot() throws IOException {
        var path = directory.resolve("gdb.sock");
        try (var stale = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            stale.bind(UnixDomainSocketAddress.of(path));
        }
        var file = Files.writeString(directory.resolve("file"), "kept");

        try (var server = GdbServer.listen(loops.vertx(), new GdbTarget.Unix(path), port, owner::execute)) {
            assertThat(server).isNotNull();
            for (var taken : new Path[] {path, file}) {
                assertThatThrownBy(
                                () -> GdbServer.listen(loops.vertx(), new GdbTarget.Unix(taken), port, owner::execute))
                        .isInstanceOf(GdbListenException.class);
            }
        }
        assertThat(file).hasContent("kept");
    }
}
