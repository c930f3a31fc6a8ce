package io.sluice.vmm.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.testkit.ConfigDump;
import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.testkit.PciBoard;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class PluginRegistryTest {
    private static final String GOLDEN = "vmm-core/src/test/resources/";

    private final PciBoard board = new PciBoard();
    private final TestContext context = new TestContext(board);
    private final PluginRegistry registry = new PluginRegistry();

    @BeforeEach
    void register() {
        new BuiltinDevices().register(registry);
        registry.object(new Box());
    }

    @AfterEach
    void close() {
        board.close();
    }

    private record Box() implements ObjectType {
        @Override
        public String name() {
            return "box";
        }

        @Override
        public String description() {
            return "";
        }

        @Override
        public List<Property> properties() {
            return List.of(Property.string("label", "What it says"));
        }

        @Override
        public UserObject create(String id, DeviceContext context, PropertyValues properties) {
            return () -> {};
        }
    }

    @Test
    void theBuiltinDevicesAreFoundAsAPlugin() {
        assertThat(ServiceLoader.load(Plugin.class)).anyMatch(p -> p.name().equals("builtin"));
    }

    @Test
    void helpIsAsTheGoldenFileSays() {
        var text = new StringBuilder(registry.deviceHelp());
        registry.devices().forEach(t -> text.append('\n').append(registry.deviceHelp(t.name())));
        text.append('\n').append(registry.objectHelp()).append('\n').append(registry.objectHelp("box"));

        Golden.check(GOLDEN + "plugin/help.txt", text.toString());
    }

    @Test
    void configurationSpacesAreAsTheGoldenFileSays() {
        var edu =
                (Attachable.Pci) registry.createDevice("edu", Map.of(), context).device();
        var test = (Attachable.Pci) registry.createDevice("pci-testdev", Map.of("membar", "1M"), context)
                .device();
        board.host.add(edu.function());
        board.host.add(test.function());
        board.host.assignResources();

        var text = new StringBuilder();
        for (PciFunction function : board.host.functions()) {
            text.append(ConfigDump.of(function.name(), offset -> function.configRead(offset, 1)));
        }

        Golden.check(GOLDEN + "pci/config.txt", text.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        edu         | bogus         | 1    | Property 'edu.bogus' not found
        nosuch      | a             | 1    | 'nosuch' is not a valid device model name
        edu         | dma_mask      | zz   | Parameter 'dma_mask' expects integer
        edu         | dma_mask      | on   | Parameter 'dma_mask' expects integer
        edu         | addr          | 99   | Property 'edu.addr' doesn't take value '99'
        edu         | addr          | 1f.9 | Property 'edu.addr' doesn't take value '1f.9'
        edu         | multifunction | may  | Parameter 'multifunction' expects 'on' or 'off'
        pci-testdev | membar        | 3    | Property 'pci-testdev.membar' doesn't take value '3'
        pci-testdev | membar        | 9999999999999999 | Property 'pci-testdev.membar' doesn't take value '9999999999999999'
        pci-testdev | membar        | 99999999999999E | Parameter 'membar' is too large
        pc-testdev  | addr          | 5    | Property 'pc-testdev.addr' not found
        """)
    void aBadDeviceIsRefusedInQemusWords(String type, String property, String value, String message) {
        assertThatThrownBy(() -> registry.createDevice(type, Map.of(property, value), context))
                .isInstanceOf(PluginException.class)
                .hasMessage(message);
    }

    @Test
    void aBadIdentifierIsRefused() {
        assertThatThrownBy(() -> registry.createDevice("edu", Map.of("id", "9a"), context))
                .hasMessageStartingWith("Parameter 'id' expects an identifier");
    }

    @Test
    void aBadObjectIsRefusedInQemusWords() {
        assertThatThrownBy(() -> registry.createObject("nosuch", Map.of("id", "a"), context))
                .hasMessage("Parameter 'qom-type' does not accept value 'nosuch'");
        assertThatThrownBy(() -> registry.createObject("box", Map.of(), context))
                .hasMessage("Parameter 'id' is missing");
        assertThatThrownBy(() -> registry.createObject("box", Map.of("id", "a", "foo", "1"), context))
                .hasMessage("Invalid parameter 'foo'");
    }

    @Test
    void commonPropertiesSayWhereADeviceGoes() {
        var made = registry.createDevice(
                "edu", Map.of("id", "e", "bus", "pcie.0", "addr", "1e.2", "multifunction", "on"), context);

        assertThat(made.placement()).isEqualTo(new Placement("e", "pcie.0", 0x1E << 3 | 2, true));
    }

    @Test
    void withoutCommonPropertiesTheMachineChooses() {
        var made = registry.createDevice("edu", Map.of(), context);

        assertThat(made.placement()).isEqualTo(new Placement(null, null, -1, false));
    }

    @Test
    void aPlatformDeviceThatFindsItsPlaceTakenLeavesNothingMapped() {
        registry.createDevice("pc-testdev", Map.of(), context);
        int before = board.io.mappings().size();

        assertThatThrownBy(() -> registry.createDevice("pc-testdev", Map.of(), context))
                .isInstanceOf(PluginException.class);
        assertThat(board.io.mappings()).hasSize(before);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "4096,4096", "4k,4096", "2M,2097152", "1g,1073741824", "1T,1099511627776"})
    void sizesHaveSuffixes(String text, long bytes) {
        assertThat(Property.parseSize("size", text)).isEqualTo(bytes);
    }
}
