package io.sluice.vfio.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.ObjectType.UserObject;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.plugin.TestContext;
import io.sluice.vmm.testkit.PciBoard;
import io.sluice.vmm.trace.Trace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `-object host`, `-object iommufd` and `-device vfio-pci,host=`, and what each says to what it cannot do.
class HostObjectTest {
    private static final String TOPOLOGY = """
            {"functions": [
              {"name": "rp0", "type": "root-port", "acs": true},
              {"name": "edu0", "type": "endpoint", "behind": "rp0", "device": "edu"},
              {"name": "rp1", "type": "root-port", "acs": true},
              {"name": "many", "type": "endpoint", "behind": "rp1", "device": "nvme", "ari": true,
               "sriov": {"total": 2}}]}
            """;

    private final PciBoard board = new PciBoard();
    private final TestContext context = new TestContext(board);
    private final SimulatedHost host = new SimulatedHost(Trace.none());
    private final PluginRegistry registry = new PluginRegistry();

    @TempDir
    private Path directory;

    @BeforeEach
    void register() {
        new VfioPlugin(host).register(registry);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private UserObject object(String type, String... properties) {
        var all = new java.util.HashMap<String, String>();
        all.put("id", type + "0");
        for (int i = 0; i < properties.length; i += 2) {
            all.put(properties[i], properties[i + 1]);
        }
        return registry.createObject(type, all, context);
    }

    private UserObject build() throws IOException {
        return object("host", "topology", topology(TOPOLOGY));
    }

    private String topology(String text) throws IOException {
        return Files.writeString(directory.resolve("topology.json"), text).toString();
    }

    private Attachable device(Map<String, String> properties) {
        return registry.createDevice("vfio-pci", properties, context).device();
    }

    private void refusedObject(String said, String type, String... properties) {
        assertThatThrownBy(() -> object(type, properties))
                .isInstanceOf(PluginException.class)
                .hasMessage(said);
    }

    private void refusedDevice(String said, Map<String, String> properties) {
        assertThatThrownBy(() -> device(properties))
                .isInstanceOf(PluginException.class)
                .hasMessage(said);
    }

    @Test
    void aFunctionIsHandedOutOnceAndComesBack() throws IOException {
        var built = build();
        var iommufd = object("iommufd");
        var edu = device(Map.of("host", "0000:01:00.0", "iommufd", "iommufd0"));

        assertThat(built.isInUse()).isTrue();
        assertThat(iommufd.isInUse()).isTrue();
        assertThat(host.kernel().frames().pinned()).isEqualTo(PciBoard.RAM_SIZE);
        refusedDevice("vfio edu0: device is already attached", Map.of("host", "edu0"));

        edu.close();
        assertThat(built.isInUse()).isFalse();
        assertThat(iommufd.isInUse()).isFalse();
        device(Map.of("host", "edu0")).close();
        iommufd.close();
        built.close();
        assertThat(host.functions()).isEmpty();
        assertThat(host.kernel().frames().pinned()).isZero();
    }

    @Test
    void devicesThatNameNoIommufdShareOne() throws IOException {
        var built = build();
        var edu = device(Map.of("host", "edu0"));
        var virtual = device(Map.of("host", "many-vf1"));

        assertThat(host.kernel().frames().pinned()).isEqualTo(PciBoard.RAM_SIZE);
        edu.close();
        assertThat(host.kernel().frames().pinned()).isEqualTo(PciBoard.RAM_SIZE);
        virtual.close();
        assertThat(host.kernel().frames().pinned()).isZero();
        built.close();
    }

    @Test
    void aPhysicalFunctionIsHadWhileNobodyHasItsVirtualOnes() throws IOException {
        var built = build();
        assertThat(registry.info("host")).hasSize(6).anyMatch(line -> line.contains("many-vf1 type endpoint"));
        var virtual = device(Map.of("host", "many-vf0"));

        assertThatThrownBy(() -> device(Map.of("host", "many")))
                .isInstanceOf(PluginException.class)
                .hasMessageStartingWith("vfio many: cannot be had by vfio-pci: ")
                .hasMessageEndingWith("is in use: Device or resource busy");
        virtual.close();
        device(Map.of("host", "many")).close();

        assertThat(registry.info("host")).hasSize(4);
        built.close();
    }

    @Test
    void aDescriptionCanBeSaidInProperties() {
        var built = object(
                "host",
                "functions.0.name",
                "rp0",
                "functions.0.type",
                "root-port",
                "functions.1.name",
                "e",
                "functions.1.type",
                "endpoint",
                "functions.1.behind",
                "rp0",
                "functions.1.device",
                "edu");

        assertThat(registry.info("host")).hasSize(2);
        built.close();
        assertThat(registry.info("host")).isEmpty();
    }

    @Test
    void whatCannotBeIsSaidInOneLine() throws IOException {
        refusedObject(
                "host: cannot open '" + directory.resolve("none") + "': No such file or directory",
                "host",
                "topology",
                directory.resolve("none").toString());
        refusedObject(
                "host: a description is in a file or in properties, not in both",
                "host",
                "topology",
                topology(TOPOLOGY),
                "functions.0.name",
                "x");
        refusedObject("Invalid parameter 'function'", "host", "function", "x");
        assertThatThrownBy(() -> object("host", "topology", topology("{\"functions\": [{\"name\": 1}]}")))
                .isInstanceOf(PluginException.class)
                .message()
                .startsWith("host host0: " + directory.resolve("topology.json") + ": ")
                .doesNotContain("\n");
        refusedDevice(
                "No provided host device\nUse -device vfio-pci,host=DDDD:BB:DD.F or"
                        + " -device vfio-pci,sysfsdev=PATH_TO_DEVICE",
                Map.of());
        refusedDevice("vfio edu0: no such host device: No such file or directory", Map.of("host", "edu0"));
        refusedDevice("vfio edu0: give host or sysfsdev, not both", Map.of("host", "edu0", "sysfsdev", "/sys/x"));

        var built = build();
        refusedObject("host host0: the host has its functions: Device or resource busy", "host");
        refusedDevice("Property 'vfio-pci.iommufd': there is no iommufd 'zz'", Map.of("host", "edu0", "iommufd", "zz"));
        assertThatThrownBy(() -> device(Map.of("host", "rp0")))
                .isInstanceOf(PluginException.class)
                .hasMessageStartingWith("vfio rp0: cannot be had by vfio-pci: ");
        assertThat(host.kernel().frames().pinned()).isZero();
        built.close();
    }
}
