package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import io.sluice.vmm.testkit.QmpTestClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Inherited descriptors: here they are those of Java's own channels, found by looking at what an `open` adds.
@Timeout(120)
class FdEntranceTest {
    private static final LoopEvents QUIET = new LoopEvents() {
        @Override
        public void failed(String loop, Throwable failure) {}

        @Override
        public void blocked(String loop, long nanos) {}
    };

    private final VertxLoops loops = VertxLoops.start(0, QUIET);
    private final FakeCommands commands = new FakeCommands();

    @AfterEach
    void end() {
        loops.close();
    }

    private QmpServer open(int fd, boolean server) {
        var endpoint = new QmpEndpoint("charmonitor", new QmpAddress.Fd(fd), server, false, 0, false);
        return QmpServer.open(
                List.of(endpoint),
                commands.table(),
                () -> commands.state,
                Runnable::run,
                loops.vertx(),
                QmpEvents.NONE);
    }

    private static Set<Integer> sockets() throws IOException {
        try (var list = Files.list(Path.of("/proc/self/fd"))) {
            return list.filter(FdEntranceTest::isSocket)
                    .map(path -> Integer.parseInt(path.getFileName().toString()))
                    .collect(Collectors.toCollection(HashSet::new));
        }
    }

    private static boolean isSocket(Path path) {
        try {
            return Files.readSymbolicLink(path).toString().startsWith("socket:");
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aSocketThatListensIsServed() throws IOException {
        loops.vertx();
        var before = sockets();
        var listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
        var fds = sockets();
        fds.removeAll(before);
        int fd = fds.iterator().next();
        int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();

        assertThatThrownBy(() -> open(fd, false)).hasMessage("fd " + fd + " is a socket that listens: say server=on");
        try (var server = open(fd, true);
                var first = QmpTestClient.connect("127.0.0.1", port).negotiate();
                var second = QmpTestClient.connect("127.0.0.1", port).negotiate()) {
            assertThat(second.call("{'execute':'query-kvm'}")).contains("present");
            first.sendRaw("{'execute':'query-qmp-schema'}".repeat(100));
            for (int i = 0; i < 100; i++) {
                assertThat(first.receive()).contains("qmp_capabilities");
            }
            assertThat(server.addresses()).containsExactly(new QmpAddress.Fd(fd));
            second.close();
            assertThat(first.call("{'execute':'query-kvm'}")).contains("present");
        }
    }

    @Test
    void aSocketThatIsConnectedIsOneSession() throws IOException {
        loops.vertx();
        try (var listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0))) {
            var before = sockets();
            var ours = SocketChannel.open(listener.getLocalAddress());
            var fds = sockets();
            fds.removeAll(before);
            int fd = fds.iterator().next();

            try (var client = QmpTestClient.of(listener.accept());
                    var server = open(fd, false)) {
                client.negotiate();
                assertThat(client.call("{'execute':'query-kvm'}")).contains("present");
                server.close();
                assertThat(client.isClosed()).isTrue();
            }
            assertThat(ours.isOpen()).isTrue();
        }
    }

    @Test
    void whatIsNotThereIsRefused() {
        assertThatThrownBy(() -> open(987_654, true)).hasMessage("fd 987654 is not open");
        assertThatThrownBy(() -> open(2, true)).hasMessageContaining("fd 2 is ");
    }
}
