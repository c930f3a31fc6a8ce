package io.sluice.samples.mtty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vfio.entry.VfioPlugin;
import io.sluice.vmm.pci.PciHost;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.plugin.TestContext;
import io.sluice.vmm.testkit.ConfigDump;
import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.testkit.PciBoard;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A dual card made from the command line's two options, and a model of the stock driver that uses it.
@Timeout(120)
class LoopbackTest {
    private static final String UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private static final String PATH = "/sys/bus/mdev/devices/" + UUID;
    private static final int DEVICE = 1;
    private static final int LINE = PciHost.gsi(DEVICE, 0) - PciHost.FIRST_GSI;

    private final PciBoard board = new PciBoard();
    private final DeviceContext context = new TestContext(board);
    private final PluginRegistry registry = new PluginRegistry();
    private int nobodyCared;

    @BeforeEach
    void register() {
        new VfioPlugin().register(registry);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private Attachable.Pci card(String type) {
        registry.createObject("mdev", Map.of("id", "m", "type", type, "uuid", UUID), context);
        var made = registry.createDevice("vfio-pci", Map.of("sysfsdev", PATH), context);
        var card = (Attachable.Pci) made.device();
        board.host.add(card.function());
        board.host.assignResources();
        return card;
    }

    private Serial8250 port(int index) {
        return new Serial8250(board.io, board.bar(DEVICE, index));
    }

    /// The shared handler: as long as the line is up, every port is asked.
    private void interrupts(List<Serial8250> ports) {
        while (board.lines[LINE]) {
            int handled = 0;
            for (var port : ports) {
                handled += port.handle() ? 1 : 0;
            }
            nobodyCared += handled == 0 ? 1 : 0;
        }
    }

    private void untilIdle(List<Serial8250> ports, int bytes) {
        board.loop.turnUntil(() -> {
            interrupts(ports);
            return ports.stream().allMatch(p -> p.isIdle() && p.received.size() >= bytes);
        });
    }

    private static byte[] random(long seed, int length) {
        var bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static int[] unsigned(byte[] bytes) {
        var values = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i] & 0xFF;
        }
        return values;
    }

    private static int[] received(Serial8250 port) {
        return port.received.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void theFunctionIsOneThatTheGenericSerialDriverGuesses() {
        card("mtty-2");

        assertThat(board.config(DEVICE, 0x00, 4)).isEqualTo(0x3253_4348);
        assertThat(board.config(DEVICE, 0x08, 4) >>> 8).isEqualTo(0x070002);
        assertThat(board.bar(DEVICE, 0)).isBetween(0xC000L, 0xFFF8L);
        assertThat(board.bar(DEVICE, 1)).isBetween(0xC000L, 0xFFF8L);
        assertThat(board.config(DEVICE, 0x18, 4)).isZero();
        assertThat(board.config(DEVICE, 0x3C, 2)).isEqualTo(0x0100 | PciHost.gsi(DEVICE, 0));
        Golden.check(
                "mdev-samples/src/test/resources/mtty/guest.txt",
                ConfigDump.of("mtty-2 in the guest", offset -> board.config(DEVICE, offset, 1)));
    }

    @Test
    void theStartUpChecksOfBothPortsPass() {
        card("mtty-2");

        assertThat(port(0).startup()).isEmpty();
        assertThat(port(1).startup()).isEmpty();
        assertThat(board.lines[LINE]).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 9, 15, 16, 17, 31, 100, 4096, 20_000})
    void burstsOfAnyLengthComeBackByInterruptWithoutOverrun(int length) {
        card("mtty-2");
        var ports = List.of(port(0), port(1));
        ports.forEach(Serial8250::startup);
        interrupts(ports);

        ports.get(0).send(random(length, length));
        ports.get(1).send(random(length + 1L, length));
        untilIdle(ports, length);

        assertThat(received(ports.get(0))).isEqualTo(unsigned(random(length, length)));
        assertThat(received(ports.get(1))).isEqualTo(unsigned(random(length + 1L, length)));
        assertThat(ports).allSatisfy(p -> assertThat(p.overruns).isZero());
        assertThat(nobodyCared).isZero();
        assertThat(board.lines[LINE]).isFalse();
    }

    @Test
    void manySmallWritesAreEachHeard() {
        card("mtty-2");
        var ports = List.of(port(0), port(1));
        ports.forEach(Serial8250::startup);

        for (int i = 1; i <= 50; i++) {
            ports.get(i & 1).send(new byte[] {(byte) i});
            int expected = i;
            board.loop.turnUntil(() -> {
                interrupts(ports);
                return ports.get(0).received.size() + ports.get(1).received.size() == expected;
            });
        }

        assertThat(ports.get(0).received).hasSize(25);
        assertThat(ports.get(1).received).hasSize(25);
        assertThat(nobodyCared).isZero();
    }

    @Test
    void modemInterruptsDoNotStorm() {
        card("mtty-1");
        var ports = List.of(port(0));
        ports.get(0).startup();
        ports.get(0).watchModem();

        interrupts(ports);
        int rises = board.rises[LINE];
        interrupts(ports);

        assertThat(board.rises[LINE]).isEqualTo(rises);
        assertThat(nobodyCared).isZero();
        assertThat(board.lines[LINE]).isFalse();
    }

    @Test
    void hostilePortAccessesNeverThrowAndTheCardWorksAfterAReset() {
        card("mtty-2");
        var random = new Random(99);
        int[] sizes = {1, 2, 4};
        for (int i = 0; i < 50_000; i++) {
            long at = board.bar(DEVICE, random.nextInt(2)) + random.nextInt(8);
            int size = sizes[random.nextInt(3)];
            board.io.write(at, size, random.nextInt());
            board.io.read(at, size);
        }

        board.host.reset();
        board.host.assignResources();
        var ports = List.of(port(0), port(1));

        assertThat(board.lines[LINE]).isFalse();
        assertThat(ports.get(0).startup()).isEmpty();
        ports.get(0).send(random(1, 64));
        board.loop.turnUntil(() -> {
            interrupts(ports);
            return ports.get(0).received.size() == 64;
        });
        assertThat(received(ports.get(0))).isEqualTo(unsigned(random(1, 64)));
    }

    @Test
    void aCardHasOneUserAndCanBeTakenAgainAfterItsRelease() {
        var card = card("mtty-2");

        assertThatThrownBy(() -> registry.createDevice("vfio-pci", Map.of("sysfsdev", PATH), context))
                .hasMessage("vfio " + PATH + ": device is already attached");
        board.host.remove(card.function());
        card.close();
        assertThat(registry.createDevice("vfio-pci", Map.of("sysfsdev", PATH), context))
                .isNotNull();
    }

    @Test
    void anObjectThatIsClosedTakesItsInstanceAway() {
        var object = registry.createObject("mdev", Map.of("id", "m", "type", "mtty-1", "uuid", UUID), context);

        object.close();

        assertThatThrownBy(() -> registry.createDevice("vfio-pci", Map.of("sysfsdev", PATH), context))
                .hasMessage("vfio " + PATH + ": no such host device: No such file or directory");
        object.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        mtty-9 | 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 | mdev: no type 'mtty-9'; there are: mbochs-large, mbochs-medium, mbochs-small, mdpy-hd, mdpy-vga, mdpy-xga, mtty-1, mtty-2, ring-4, ring-64
        mtty-2 | 83b8 | mdev mtty-2: cannot create '83b8': Invalid argument
        """)
    void aBadObjectIsRefusedInOneLine(String type, String uuid, String message) {
        assertThatThrownBy(() -> registry.createObject("mdev", Map.of("id", "m", "type", type, "uuid", uuid), context))
                .isInstanceOf(PluginException.class)
                .hasMessage(message);
    }

    @Test
    void withoutAPathThereIsNoDevice() {
        assertThatThrownBy(() -> registry.createDevice("vfio-pci", Map.of(), context))
                .hasMessageStartingWith("No provided host device");
        assertThatThrownBy(() -> registry.createObject("mdev", Map.of("id", "m", "type", "mtty-1"), context))
                .hasMessage("Parameter 'uuid' is missing");
    }
}
