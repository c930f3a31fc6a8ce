package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.RunState;
import io.sluice.vmm.testkit.QmpTestClient;
import io.sluice.vmm.testkit.QmpTranscript;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Sockets, and clients that behave badly on them.
@Timeout(120)
class QmpServerTest {
    private static final String STATUS =
            "{\"return\": {\"running\": true, \"singlestep\": false, \"status\": \"running\"}}";

    private final VertxLoops loops = VertxLoops.start(1, new Quiet());
    private final ExecutorService owner = Executors.newSingleThreadExecutor();
    private final FakeCommands commands = new FakeCommands();
    private final List<QmpServer> servers = new ArrayList<>();
    private final Counting counting = new Counting();

    @TempDir
    Path directory;

    private static final class Quiet implements LoopEvents {
        @Override
        public void failed(String loop, Throwable failure) {}

        @Override
        public void blocked(String loop, long nanos) {}
    }

    private static final class Counting implements QmpEvents {
        final AtomicInteger connected = new AtomicInteger();
        final AtomicInteger disconnected = new AtomicInteger();
        final AtomicInteger dropped = new AtomicInteger();
        final AtomicInteger failed = new AtomicInteger();

        @Override
        public void connected(QmpEndpoint endpoint) {
            connected.incrementAndGet();
        }

        @Override
        public void disconnected(QmpEndpoint endpoint) {
            disconnected.incrementAndGet();
        }

        @Override
        public void dropped(QmpEndpoint endpoint, String reason) {
            dropped.incrementAndGet();
        }

        @Override
        public void failed(String command, Throwable failure) {
            failed.incrementAndGet();
        }
    }

    @AfterEach
    void end() {
        commands.gate.countDown();
        servers.forEach(QmpServer::close);
        owner.shutdownNow();
        loops.close();
    }

    private QmpServer open(QmpAddress address, boolean server, boolean waits, int reconnect) {
        var endpoint = new QmpEndpoint("compat_monitor0", address, server, waits, reconnect, false);
        var opened = QmpServer.open(
                List.of(endpoint), commands.table(), () -> commands.state, owner, loops.vertx(), counting);
        servers.add(opened);
        commands.sink = opened.sink();
        return opened;
    }

    private Path serve() {
        var path = directory.resolve("qmp.sock");
        open(new QmpAddress.Unix(path), true, false, 0);
        return path;
    }

    // ---- places

    @Test
    void aSocketFileIsItsOwnersAloneAndGoesWithTheServer() throws IOException {
        var path = serve();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-------");
        assertThat(directory.toFile().list()).containsExactly("qmp.sock");
        try (var client = QmpTestClient.connect(path).negotiate()) {
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
        servers.getFirst().close();

        assertThat(directory.toFile().list()).isEmpty();
    }

    @Test
    void aStaleSocketIsReplacedAndOneThatAnswersIsNot() throws IOException {
        var path = directory.resolve("qmp.sock");
        try (var stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            stale.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        open(new QmpAddress.Unix(path), true, false, 0);

        assertThatThrownBy(() -> open(new QmpAddress.Unix(path), true, false, 0))
                .isInstanceOf(QmpOpenException.class)
                .hasMessage("Failed to bind socket to " + path + ": Address already in use");

        try (var client = QmpTestClient.connect(path).negotiate()) {
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
    }

    @Test
    void whatIsNoSocketStays() throws IOException {
        var path = Files.writeString(directory.resolve("precious"), "data");

        assertThatThrownBy(() -> open(new QmpAddress.Unix(path), true, false, 0))
                .hasMessage("Failed to bind socket to " + path + ": a file is there that is no socket");
        assertThatThrownBy(() -> open(new QmpAddress.Unix(directory.resolve("no/where")), true, false, 0))
                .hasMessageEndingWith(": No such file or directory");
        assertThatThrownBy(() -> open(new QmpAddress.Unix(Path.of("/tmp/" + "x".repeat(120))), true, false, 0))
                .hasMessageContaining("is too long");

        assertThat(path).hasContent("data");
        assertThat(directory.toFile().list()).containsExactly("precious");
    }

    @Test
    void aPathWhoseDetourWouldNotFitIsServed() throws IOException {
        var room = 106 - directory.toString().length() - 1;
        var path = directory.resolve("d".repeat(room - 2)).resolve("q");
        Files.createDirectory(directory.resolve("d".repeat(room - 2)));

        open(new QmpAddress.Unix(path), true, false, 0);

        try (var client = QmpTestClient.connect(path).negotiate()) {
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
    }

    @Test
    void aPortThatWasZeroIsTold() throws IOException {
        for (var host : List.of("127.0.0.1", "::1", "localhost")) {
            var server = open(new QmpAddress.Tcp(host, 0), true, false, 0);
            var port = ((QmpAddress.Tcp) server.addresses().getFirst()).port();

            try (var client = QmpTestClient.connect(host, port).negotiate()) {
                assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
            }
            assertThatThrownBy(() -> open(new QmpAddress.Tcp(host, port), true, false, 0))
                    .hasMessageContaining("Address already in use");
        }
    }

    @Test
    void weConnectToWhoeverListens() throws IOException {
        var path = directory.resolve("theirs");
        assertThatThrownBy(() -> open(new QmpAddress.Unix(path), false, false, 0))
                .hasMessage("Failed to connect to '" + path + "': No such file or directory");
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            open(new QmpAddress.Unix(path), false, false, 1);

            try (var client = QmpTestClient.of(listener.accept()).negotiate()) {
                assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
            }
            try (var again = QmpTestClient.of(listener.accept()).negotiate()) {
                assertThat(again.call("{'execute':'query-status'}")).isEqualTo(STATUS);
            }
        }
    }

    @Test
    void weConnectToWhoeverListensLater() throws IOException {
        int port;
        try (var probe = ServerSocketChannel.open()) {
            probe.bind(new InetSocketAddress("127.0.0.1", 0));
            port = ((InetSocketAddress) probe.getLocalAddress()).getPort();
        }
        open(new QmpAddress.Tcp("127.0.0.1", port), false, false, 1);

        try (var listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress("127.0.0.1", port));
            try (var client = QmpTestClient.of(listener.accept()).negotiate()) {
                assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
            }
        }
    }

    @Test
    void theMachineWaitsForTheFirstClientIfAsked() throws Exception {
        var path = directory.resolve("qmp.sock");
        var server = open(new QmpAddress.Unix(path), true, true, 0);
        var waiting = CompletableFuture.runAsync(() -> awaitFirst(server));
        assertThat(waiting.isDone()).isFalse();

        try (var client = QmpTestClient.connect(path).negotiate()) {
            waiting.get(60, TimeUnit.SECONDS);
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
    }

    private static void awaitFirst(QmpServer server) {
        try {
            server.awaitFirstClient();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- clients

    @Test
    void severalClientsHaveTheirOwnSessionsAndAllHearEvents() throws IOException {
        var path = serve();
        try (var first = QmpTestClient.connect(path).negotiate();
                var second = QmpTestClient.connect(path).negotiate();
                var silent = QmpTestClient.connect(path)) {
            assertThat(silent.receive()).startsWith("{\"QMP\"");

            first.send("{'execute':'stop','id':1}");

            assertThat(first.receive()).contains("\"event\": \"STOP\"");
            assertThat(first.receive()).isEqualTo("{\"return\": {}, \"id\": 1}");
            assertThat(second.receive()).contains("\"event\": \"STOP\"");
            assertThat(silent.call("{'execute':'query-status'}")).contains("Expecting capabilities negotiation");
        }
    }

    @Test
    void aTranscriptIsPlayed() throws IOException {
        try (var client = QmpTestClient.connect(serve())) {
            QmpTranscript.play("vmm-core/src/test/resources/qmp/protocol.qmp", client);
        }
    }

    @Test
    void aSlowCommandOfOneClientDoesNotHoldAnother() throws IOException {
        var path = serve();
        try (var slow = QmpTestClient.connect(path).negotiate();
                var quick = QmpTestClient.connect(path).negotiate()) {
            slow.send("{'execute':'wait'}");

            assertThat(quick.call("{'execute':'query-status'}")).isEqualTo(STATUS);
            commands.gate.countDown();

            assertThat(slow.receive()).isEqualTo("{\"return\": {}}");
        }
    }

    @Test
    void fiveHundredClientsAtOnceAreServed() throws IOException {
        var path = serve();
        var clients = new ArrayList<QmpTestClient>();
        for (int i = 0; i < 500; i++) {
            clients.add(QmpTestClient.connect(path));
        }

        for (var client : clients) {
            client.negotiate();
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
        for (var client : clients) {
            client.close();
        }

        await().atMost(Duration.ofSeconds(90)).until(() -> counting.disconnected.get() == 500);
    }

    @Test
    void oneTooManyIsTurnedAwayAndThereIsRoomAgainLater() throws IOException {
        var path = serve();
        var clients = new ArrayList<QmpTestClient>();
        int most = ClientLimit.ofProcess();
        for (int i = 0; i < most; i++) {
            clients.add(QmpTestClient.connect(path));
            assertThat(clients.getLast().receive()).startsWith("{\"QMP\"");
        }

        for (int i = 0; i < 3; i++) {
            try (var tooMany = QmpTestClient.connect(path)) {
                assertThat(tooMany.isClosed()).isTrue();
            }
        }
        for (var client : clients) {
            client.close();
        }

        assertThat(counting.dropped).hasValue(1);
        await().atMost(Duration.ofSeconds(90)).until(() -> counting.disconnected.get() == most);
        try (var client = QmpTestClient.connect(path).negotiate()) {
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
    }

    /// Faster than they can be served; what has come and gone costs nothing.
    @Test
    void thousandsThatComeAndGoLeaveTheNextOneServed() throws IOException {
        var path = serve();
        for (int i = 0; i < 3000; i++) {
            try (var hasty = QmpTestClient.connect(path)) {
                hasty.sendRaw("{'execute':'qmp_capabilities'}{'execute':'query-qmp-schema'}{'exec");
            }
        }

        try (var client = QmpTestClient.connect(path).negotiate()) {
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
        await().atMost(Duration.ofSeconds(90)).until(() -> counting.disconnected.get() == counting.connected.get());
    }

    @Test
    void aClientThatIsKilledInMidCommandHurtsNobody() throws IOException {
        var path = serve();
        var killed = QmpTestClient.connect(path).negotiate();
        killed.send("{'execute':'wait'}{'execute':'stop'}");
        killed.close();
        await().until(() -> counting.disconnected.get() == 1);
        commands.gate.countDown();

        try (var other = QmpTestClient.connect(path).negotiate()) {
            assertThat(other.call("{'execute':'memsave'}")).contains("Parameter 'val' is missing");
            assertThat(commands.state).isEqualTo(RunState.RUNNING);
        }
    }

    @Test
    void aClientThatDoesNotReadIsDroppedAndMemoryStaysBounded() throws IOException {
        var path = serve();
        try (var silent = QmpTestClient.connect(path).negotiate();
                var reader = QmpTestClient.connect(path).negotiate()) {
            assertThat(silent.offer("{'execute':'query-status'}"
                            .repeat(4000)
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
                    .isPositive();
            for (int i = 0; i < 60_000 && counting.dropped.get() == 0; i++) {
                commands.sink.emit(FakeCommands.STOP.with(Nothing.INSTANCE));
                reader.receive();
            }

            assertThat(counting.dropped).hasValue(1);
            assertThat(reader.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
    }

    @Test
    void garbageOf64MegabytesIsTakenAndForgotten() throws IOException {
        var path = serve();
        try (var client = QmpTestClient.connect(path).negotiate()) {
            var piece = "x".repeat(1 << 20).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            client.sendRaw("{'a':'");
            for (int i = 0; i < 64; i++) {
                client.sendRaw(piece);
            }

            assertThat(client.receive()).contains("JSON token size limit exceeded");
            assertThat(client.call("\n{'execute':'query-status'}")).isEqualTo(STATUS);
            System.gc();
            var used = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
            assertThat(used).isLessThan(128L << 20);
        }
    }

    @Test
    void aDepthBombIsManySmallErrors() throws IOException {
        var path = serve();
        try (var client = QmpTestClient.connect(path).negotiate()) {
            client.sendRaw("[".repeat(1 << 16));

            for (int i = 0; i < 63; i++) {
                assertThat(client.receive()).contains("JSON nesting depth limit exceeded");
            }
            client.sendRaw("\u0001\n");
            assertThat(client.receive()).contains("stray");
            assertThat(client.call("{'execute':'query-status'}")).isEqualTo(STATUS);
        }
    }

    @Test
    void whatIsDueGoesOutBeforeTheEnd() throws Exception {
        var path = serve();
        try (var client = QmpTestClient.connect(path).negotiate()) {
            client.send("{'execute':'stop','id':'last'}");
            await().until(() -> commands.state == RunState.PAUSED);
            owner.submit(() -> servers.getFirst().close()).get(60, TimeUnit.SECONDS);

            assertThat(client.receive()).contains("STOP");
            assertThat(client.receive()).isEqualTo("{\"return\": {}, \"id\": \"last\"}");
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void yankCutsTheConnectionsOfItsDevice() throws IOException {
        var path = serve();
        try (var client = QmpTestClient.connect(path).negotiate("oob")) {
            assertThat(client.call("{'execute':'yank','arguments':{'instances':"
                            + "[{'type':'chardev','id':'compat_monitor0'}]}}"))
                    .isEqualTo("{\"return\": {}}");
            assertThat(client.isClosed()).isTrue();
        }
    }
}
