package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.meter.CommandMeters;
import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.testkit.MachineRig;
import io.sluice.vmm.testkit.Scrape;
import io.sluice.vmm.testkit.WebClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A machine's meters, as they look from outside.
@Timeout(120)
final class MachineMetersTest {
    private static final Duration SOON = Duration.ofSeconds(90);

    /// What [BusyGuest] makes move.
    private static final List<String> MOVING = List.of(
            "sluice_vcpu_exits_total{kind=\"mmio_read\",vcpu=\"0\"}",
            "sluice_vcpu_exits_total{kind=\"mmio_write\",vcpu=\"0\"}",
            "sluice_vcpu_exits_total{kind=\"pio_in\",vcpu=\"0\"}",
            "sluice_vcpu_exits_total{kind=\"pio_out\",vcpu=\"0\"}",
            "sluice_vcpu_exits_total{kind=\"apic_read\",vcpu=\"0\"}",
            "sluice_vcpu_exits_total{kind=\"apic_write\",vcpu=\"0\"}",
            "sluice_vcpu_exits_total{kind=\"hlt\",vcpu=\"0\"}",
            "sluice_vcpu_trap_time_seconds_count{access=\"read\",space=\"memory\",vcpu=\"0\"}",
            "sluice_vcpu_trap_time_seconds_count{access=\"write\",space=\"memory\",vcpu=\"0\"}",
            "sluice_vcpu_trap_time_seconds_count{access=\"read\",space=\"port\",vcpu=\"0\"}",
            "sluice_vcpu_trap_time_seconds_sum{access=\"write\",space=\"port\",vcpu=\"0\"}",
            "sluice_vcpu_instructions_total{vcpu=\"0\"}",
            "sluice_vcpu_lookups_total{vcpu=\"0\"}",
            "sluice_vcpu_blocks_built_total{vcpu=\"0\"}",
            "sluice_vcpu_blocks_overwritten_total{vcpu=\"0\"}",
            "sluice_vcpu_exceptions_total{vcpu=\"0\",vector=\"6\"}",
            "sluice_vcpu_interrupts_total{class=\"0x20\",vcpu=\"0\"}",
            "sluice_vcpu_tlb_misses_total{access=\"read\",vcpu=\"0\"}",
            "sluice_vcpu_tlb_misses_total{access=\"write\",vcpu=\"0\"}",
            "sluice_vcpu_tlb_misses_total{access=\"fetch\",vcpu=\"0\"}",
            "sluice_vcpu_page_walks_total{vcpu=\"0\"}",
            "sluice_vcpu_tlb_flushes_total{scope=\"context\",vcpu=\"0\"}",
            "sluice_bus_unclaimed_total{space=\"port\"}",
            "sluice_uart_bytes_total{direction=\"sent\",port=\"com1\"}",
            "sluice_loop_tasks_total{loop=\"vm-loop\"}",
            "sluice_loop_lag_seconds_count{loop=\"vm-loop\"}",
            "sluice_loop_busy_seconds_sum{loop=\"vm-loop\"}",
            "sluice_guest_time_seconds_total");

    private static final String DOCUMENT = "docs/metrics.md";
    private static final String HEAD = "| name | kind | tags | meaning |\n|---|---|---|---|\n";

    @TempDir
    private Path directory;

    private MachineConfig config(BootSector guest, String... devices) {
        var plain = guest.config(directory, false, false, devices);
        return new MachineConfig(
                plain.name(),
                plain.uuid(),
                plain.memoryBytes(),
                plain.cpus(),
                plain.boot(),
                plain.serial(),
                plain.debugConsole(),
                plain.devices(),
                List.of(new MachineConfig.Part("metrics", Map.of("id", "m0", "listen", "127.0.0.1:0"))),
                plain.firmwareFiles(),
                plain.rtc(),
                plain.life(),
                plain.log());
    }

    private static WebClient client(MachineRig rig) {
        return client(rig.said());
    }

    private static WebClient client(String said) {
        var match = Pattern.compile("metrics \\w+: http://127\\.0\\.0\\.1:(\\d+)/metrics\n")
                .matcher(said);
        assertThat(match.matches()).as(said).isTrue();
        return WebClient.port(Integer.parseInt(match.group(1)));
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .collect(Collectors.toSet());
    }

    @Test
    void eachMeterMovesWhileItsThingHappens() {
        try (var rig = MachineRig.start(config(BusyGuest.sector()))) {
            var client = client(rig);
            rig.console().await("..", SOON);
            var before = client.scrape();

            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(200))
                    .untilAsserted(() -> assertThat(MOVING)
                            .allSatisfy(series ->
                                    assertThat(client.scrape().value(series)).isGreaterThan(before.value(series))));
        }
    }

    @Test
    void whatTheGuestTakesFromASerialPortIsCounted() {
        try (var rig = MachineRig.start(config(new BootSector().echo()))) {
            rig.console().type("12345");
            rig.console().await("12345", SOON);

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(client(rig)
                                    .scrape()
                                    .value("sluice_uart_bytes_total{direction=\"received\",port=\"com1\"}"))
                            .isEqualTo(5));
        }
    }

    @Test
    void theStateTheMachineIsInIsTheOneThatIs1() {
        try (var rig = MachineRig.start(config(new BootSector().spin()))) {
            var client = client(rig);
            var running = client.scrape();
            rig.ask(Machine::pause);
            await().pollDelay(Duration.ofMillis(100)).until(() -> true);
            var paused = client.scrape();

            assertThat(running.value("sluice_run_state{state=\"running\"}")).isEqualTo(1);
            assertThat(running.sum("sluice_run_state")).isEqualTo(1);
            assertThat(paused.value("sluice_run_state{state=\"paused\"}")).isEqualTo(1);
            assertThat(paused.sum("sluice_run_state")).isEqualTo(1);
            assertThat(paused.value("sluice_vcpu_exits_total{kind=\"stop\",vcpu=\"0\"}"))
                    .isGreaterThan(running.value("sluice_vcpu_exits_total{kind=\"stop\",vcpu=\"0\"}"));
        }
    }

    @Test
    void aTripleFaultIsAnExit() {
        var guest = new BootSector()
                .skipUnlessFirst(new BootSector().tripleFault())
                .print("again")
                .halt();

        try (var rig = MachineRig.start(config(guest))) {
            rig.console().await("again", SOON);

            assertThat(client(rig).scrape().value("sluice_vcpu_exits_total{kind=\"shutdown\",vcpu=\"0\"}"))
                    .isEqualTo(1);
        }
    }

    @Test
    void memoryAndTheJvmAreShown() {
        try (var rig = MachineRig.start(config(BusyGuest.sector(), "edu"))) {
            var page = client(rig).scrape();

            assertThat(page.value("sluice_memory_size_bytes")).isEqualTo(2 << 20);
            assertThat(page.value("sluice_strand_count{group=\"device\"}")).isEqualTo(1);
            assertThat(page.sum("jvm_memory_used_bytes")).isPositive();
            assertThat(page.has("jvm_gc_memory_allocated_bytes_total")).isTrue();
            assertThat(page.value("sluice_dma_bytes_total{bdf=\"0000:00:01.0\",direction=\"read\"}"))
                    .isZero();
        }
    }

    @Test
    void theDocumentListsEveryMeter() throws IOException {
        var file = Path.of(System.getProperty("sluice.root", "..")).resolve(DOCUMENT);
        try (var rig = MachineRig.start(config(BusyGuest.sector()));
                var commands = new CommandMeters(rig.meters())) {
            commands.answered("stop", true, 1);
            commands.emitted("STOP");
            var client = client(rig);
            System.gc();
            await().atMost(SOON).until(() -> client.scrape().has("jvm_gc_pause_seconds_count"));

            var table = HEAD + client.scrape().table("");

            Golden.check(
                    DOCUMENT,
                    Files.readString(file)
                            .replaceFirst(
                                    "(?s)<!-- meters -->.*<!-- end of meters -->",
                                    Matcher.quoteReplacement("<!-- meters -->\n" + table + "<!-- end of meters -->")));
        }
    }

    @Test
    void anObjectComesAndGoesWhileTheGuestRuns() throws IOException {
        try (var rig = BusyGuest.sector().start(directory)) {
            add(rig, "127.0.0.1:0");
            int port = portOf(rig.said());
            rig.console().await("..", SOON);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(WebClient.port(port)
                                    .scrape()
                                    .value("sluice_vcpu_exits_total{kind=\"pio_out\",vcpu=\"0\"}"))
                            .isPositive());
            remove(rig);
            assertThatThrownBy(() -> WebClient.port(port).get("/metrics")).hasMessageContaining("refused");
            new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
            var threads = threads();
            for (int i = 0; i < 20; i++) {
                add(rig, "127.0.0.1:" + port);
                remove(rig);
            }

            assertThat(threads())
                    .allMatch(t -> threads.contains(t) || !t.getName().startsWith("vert.x"));
        }
    }

    private static void add(MachineRig rig, String listen) {
        rig.ask(machine -> {
            machine.addObject(new MachineConfig.Part("metrics", Map.of("id", "m1", "listen", listen)));
            return true;
        });
    }

    private static void remove(MachineRig rig) {
        rig.ask(machine -> {
            machine.removeObject("m1");
            return true;
        });
    }

    private static int portOf(String said) {
        return Integer.parseInt(said.strip().replaceAll(".*:(\\d+)/metrics", "$1"));
    }

    @Test
    void nothingIsLeftOfAMachineThatClosed() {
        var before = threads();
        var rig = MachineRig.start(config(BusyGuest.sector()));
        var client = client(rig);
        client.scrape();

        rig.close();

        assertThat(rig.meters().meters().keySet())
                .allSatisfy(id -> assertThat(id.name()).startsWith("sluice.loop."));
        assertThatThrownBy(() -> client.get("/metrics")).hasMessageContaining("refused");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(threads())
                        .allMatch(t ->
                                before.contains(t) || !t.getName().matches("(vert|vm-loop|io-loop|vcpu|machine).*")));
    }

    @Test
    void aStormOfScrapesDoesNotStallTheGuest() throws InterruptedException {
        try (var rig = MachineRig.start(config(new BootSector().echo()))) {
            var client = client(rig);
            var over = new AtomicBoolean();
            var pages = new AtomicInteger();
            var clients = IntStream.range(0, 8)
                    .mapToObj(i -> Thread.ofPlatform().start(() -> {
                        while (!over.get()) {
                            if (client.get("/metrics").startsWith("HTTP/1.1 200")) {
                                pages.incrementAndGet();
                            }
                        }
                    }))
                    .toList();

            long slowest = 0;
            for (int i = 0; i < 30 || pages.get() <= 8; i++) {
                long start = System.nanoTime();
                rig.console().type("<" + i + ">");
                rig.console().await("<" + i + ">", SOON);
                slowest = Math.max(slowest, System.nanoTime() - start);
            }
            over.set(true);
            for (var thread : clients) {
                thread.join();
            }

            assertThat(Duration.ofNanos(slowest)).isLessThan(Duration.ofMillis(500));
            Scrape.parse(WebClient.body(client.get("/metrics")));
        }
    }
}
