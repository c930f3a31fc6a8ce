package io.sluice.vmm.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.testkit.Scrape;
import io.sluice.vmm.testkit.WebClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class MetricsServerTest {
    private static final Duration SOON = Duration.ofSeconds(90);

    private final List<String> failures = new ArrayList<>();
    private final VertxLoops loops = VertxLoops.start(1, new LoopEvents() {
        @Override
        public void failed(String loop, Throwable failure) {
            failures.add(loop + ": " + failure);
        }

        @Override
        public void blocked(String loop, long nanos) {
            failures.add(loop + " was blocked");
        }
    });
    private final MeterBoard board = new MeterBoard();
    private final Exposition exposition = new Exposition(board);

    @TempDir
    private Path directory;

    @AfterEach
    void close() {
        exposition.close();
        loops.close();
        assertThat(failures).isEmpty();
    }

    private MetricsServer start(String listen) {
        return MetricsServer.start(
                loops.vertx(), ListenAddress.parse(listen), "/metrics", exposition, MetricsServer.CONNECTION_MILLIS);
    }

    private WebClient client() {
        return WebClient.port(start("127.0.0.1:0").port());
    }

    private static String request(String method, String headers) {
        return method + " /metrics HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
    }

    @Test
    void thePageIsPrometheusText() {
        board.group().counter("sluice.a.time", Unit.SECONDS, "A \"time\"", Map.of("x", "a\"b\\c"), () -> 1_500_000_000);

        var answer = client().get("/metrics");

        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").contains("Content-Type: text/plain; version=0.0.4");
        var page = Scrape.parse(WebClient.body(answer));
        assertThat(page.value("sluice_a_time_seconds_total{x=\"a\\\"b\\\\c\"}")).isEqualTo(1.5);
    }

    @Test
    void aClientMayAskForOpenMetrics() {
        var answer = client().exchange(request("GET", "Accept: application/openmetrics-text; version=1.0.0\r\n"));

        assertThat(answer)
                .contains("Content-Type: application/openmetrics-text")
                .endsWith("# EOF\n");
    }

    @Test
    void headHasNoBody() {
        var answer = client().exchange(request("HEAD", ""));

        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").contains("Content-Length: ");
        assertThat(WebClient.body(answer)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/metrics/", "/metric", "/../metrics", "/%6detrics"})
    void nothingElseIsServed(String path) {
        assertThat(client().get(path)).startsWith("HTTP/1.1 404 Not Found\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"})
    void onlyReadingIsAllowed(String method) {
        assertThat(client().exchange(request(method, "Content-Length: 0\r\n")))
                .startsWith("HTTP/1.1 405 Method Not Allowed\r\n")
                .contains("Allow: GET, HEAD\r\n");
    }

    @Test
    void whatIsTooLongOrNoRequestIsRefusedAndTheNextClientServed() {
        var client = client();

        assertThat(client.exchange("GET /" + "x".repeat(4000) + " HTTP/1.1\r\n\r\n"))
                .contains(" 414 ");
        assertThat(client.exchange(request("GET", "A: " + "x".repeat(20_000) + "\r\n")))
                .contains(" 431 ");
        assertThat(client.exchange("\0\1\2\3 hello\r\n\r\n")).doesNotContain("200 OK");
        client.scrape();
    }

    @Test
    void onlySoManyAreServedAtATime() throws IOException {
        var client = client();
        var idle = new ArrayList<SocketChannel>();
        for (int i = 0; i < MetricsServer.MOST_CONNECTIONS; i++) {
            idle.add(client.connect());
        }

        try (var oneMore = client.connect()) {
            assertThat(WebClient.receive(oneMore)).doesNotContain("200 OK");
        }
        for (var channel : idle) {
            channel.close();
        }

        await().atMost(SOON).until(() -> client.get("/metrics").startsWith("HTTP/1.1 200 OK"));
    }

    @Test
    void whoSendsTooSlowlyIsCutOff() throws IOException {
        var server =
                MetricsServer.start(loops.vertx(), ListenAddress.parse("127.0.0.1:0"), "/metrics", exposition, 300);
        try (var slow = WebClient.port(server.port()).connect()) {
            WebClient.send(slow, "GET /metrics HTTP/1.1\r\nHost:");

            assertThat(WebClient.receive(slow)).doesNotContain("200 OK");
        }
    }

    @Test
    void whoSendsManyRequestsAtOnceGetsOneAnswer() {
        var answer = client().exchange(request("GET", "").repeat(1000));

        assertThat(answer.split("HTTP/1.1 200 OK", -1)).hasSize(2);
    }

    @Test
    void aPortInUseIsSaidInOneLine() throws IOException {
        try (var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var listen = "127.0.0.1:" + other.getLocalPort();

            assertThatThrownBy(() -> start(listen))
                    .isInstanceOf(PluginException.class)
                    .hasMessage("listen=" + listen + ": Address already in use");
        }
    }

    @Test
    void closingFreesThePortAndEndsItsConnections() throws IOException {
        var server = start("127.0.0.1:0");
        int port = server.port();
        try (var open = WebClient.port(port).connect()) {
            WebClient.port(port).scrape();

            server.close();

            assertThat(WebClient.receive(open)).doesNotContain("200");
        }
        new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
    }

    @Test
    void aUnixSocketIsItsOwnersAndGoesWithTheServer() throws IOException {
        var path = directory.resolve("m.sock");
        var server = start("unix:" + path);

        WebClient.unix(path).scrape();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-------");
        assertThatThrownBy(() -> start("unix:" + path)).hasMessage("listen=unix:" + path + ": Address already in use");
        WebClient.unix(path).scrape();
        server.close();

        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aLeftoverSocketIsReplacedAndAnotherFileIsNot() throws IOException {
        var leftover = directory.resolve("old.sock");
        var file = Files.writeString(directory.resolve("notes"), "mine");
        try (var old = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            old.bind(java.net.UnixDomainSocketAddress.of(leftover));
        }

        start("unix:" + leftover);

        WebClient.unix(leftover).scrape();
        assertThatThrownBy(() -> start("unix:" + file))
                .hasMessage("listen=unix:" + file + ": a file is there that is no socket");
        assertThat(file).hasContent("mine");
    }
}
