package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HostConfigTest {
    private static String refusal(String text) {
        return String.valueOf(catchThrowableOfType(HostConfigException.class, () -> HostConfig.read(text))
                .getMessage());
    }

    /// The function behind a root port `rp`.
    private static String one(String members) {
        return refusal("""
                {"functions": [{"name": "rp", "type": "root-port"},
                  {%s}]}""".formatted(members.replace('\'', '"')));
    }

    @Test
    void aDescriptionIsRead() {
        var config = HostConfig.read("""
                {
                  "iommus": [{"name": "dmar0", "pasid-bits": 16, "pages": "vtd-57"}],
                  "functions": [
                    {"name": "disk", "type": "endpoint", "behind": "rp", "device": "nvme",
                     "properties": {"drive": "d0", "max_ioqpairs": 4, "x": true},
                     "acs": ["sv", "rr"], "ats": {"queue-depth": 8}, "pri": true, "pasid": {"bits": 10, "execute": true},
                     "ari": true, "sriov": {"total": 12, "first-offset": 16}},
                    {"name": "rp", "type": "root-port", "at": "1c.3", "acs": true, "hot-plug": true}
                  ]
                }
                """);
        var disk = config.functions().getFirst();

        assertThat(config.iommus().getFirst().pasidBits()).isEqualTo(16);
        assertThat(config.iommus().getFirst().format().levels()).isEqualTo(5);
        assertThat(disk.properties()).isEqualTo(Map.of("drive", "d0", "max_ioqpairs", "4", "x", "on"));
        assertThat(disk.features())
                .isEqualTo(new FunctionConfig.Features(5, 0, 8, 32, 10, true, false, true, true, true));
        assertThat(disk.vfs())
                .isNotNull()
                .extracting(FunctionConfig.Vfs::firstOffset)
                .isEqualTo(16);
        assertThat(config.functions().getLast().devfn()).isEqualTo(0x1C << 3 | 3);
    }

    @Test
    void propertiesSayTheSame() {
        var json = HostConfig.read("""
                {"functions": [{"name": "rp", "type": "root-port", "acs": ["sv"]},
                {"name": "d", "type": "endpoint", "behind": "rp", "device": "edu", "properties": {"dma_mask": "0xff"}}]}""");
        var flat = HostConfig.of(Map.of(
                "functions.0.name", "rp",
                "functions.0.type", "root-port",
                "functions.0.acs.0", "sv",
                "functions.1.name", "d",
                "functions.1.type", "endpoint",
                "functions.1.behind", "rp",
                "functions.1.device", "edu",
                "functions.1.properties.dma_mask", "0xff"));

        assertThat(flat.toString().replaceAll("where=[^,]*", ""))
                .isEqualTo(json.toString().replaceAll("where=[^,]*", ""));
    }

    @Test
    void whatHasNoPlaceGetsTheFirstFreeOne() {
        var config = HostConfig.read("""
                {"functions": [{"name": "a", "type": "root-port"}, {"name": "b", "type": "root-port", "at": "01.0"},
                {"name": "c", "type": "root-port"}]}""");

        assertThat(config.functions().stream()
                        .map(f -> f.name() + (f.devfn() >> 3))
                        .collect(Collectors.joining(" ")))
                .isEqualTo("a2 b1 c3");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            'name': 'a', 'type': 'endpoint', 'behind': 'rp'                            | functions[1].device: is missing; give it
            'type': 'root-port'                                                        | functions[1].name: is missing; give it
            'name': '', 'type': 'root-port'                                            | functions[1].name: is missing; give it
            'name': '7up', 'type': 'root-port'                                         | "7up" is no name; take a letter
            'name': 'a', 'type': 'port'                                                | is "port"; there are root-port, upstream-port
            'name': 'a', 'type': 'root-port', 'colour': 'red'                          | functions[1].colour: is not known; there are name, type
            'name': 'rp', 'type': 'root-port'                                          | "rp" is another's name already; choose another
            'name': 'a', 'type': 'upstream-port', 'behind': 'nobody'                   | "a" sits behind "nobody", which is not there; there are rp, a
            'name': 'a', 'type': 'endpoint', 'device': 'edu'                           | cannot sit on the root bus; there can root-port, pci-bridge, integrated-endpoint
            'name': 'a', 'type': 'root-port', 'behind': 'rp'                           | cannot sit behind a root-port; there can upstream-port, pcie-to-pci-bridge, endpoint
            'name': 'a', 'type': 'root-port', 'at': '32.9'                             | functions[1].at: "32.9" is no device and function; write them as 1c.0
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'at': '01.0' | is not at device 0
            'name': 'a', 'type': 'root-port', 'iommu': 'x'                             | stands behind "x", which is no IOMMU; there are dmar0
            'name': 'a', 'type': 'upstream-port', 'behind': 'rp', 'iommu': 'dmar0'     | names an IOMMU, and sits behind a bridge
            'name': 'a', 'type': 'root-port', 'acs': ['zz']                            | has "zz" in it; there are sv, tb, rr, cr, uf, dt
            'name': 'a', 'type': 'root-port', 'acs-off': ['rr']                        | turns off what is not there; give acs too
            'name': 'a', 'type': 'root-port', 'acs': 'maybe'                           | functions[1].acs: is a string; true or false belongs here
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'pri': true | functions[1].pri: needs translations to ask for; give ats too
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'ats': {'queue-depth': 33} | functions[1].ats.queue-depth: is 33; it goes from 1 to 32
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'pasid': {'bits': 21} | is 21; it goes from 1 to 20
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'pasid': {'wide': 1} | functions[1].pasid.wide: is not known; there are bits, execute, privileged
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'sriov': {'total': 8} | beyond the eighth function; turn ari on, or lower total
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'sriov': {} | functions[1].sriov.total: is missing
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'sriov': {'total': 2, 'vfs': [{}]} | describes 1 of 2; describe all, or none
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'ari': true, 'sriov': {'total': 255, 'first-offset': 2} | beyond its bus; lower total, first-offset or stride
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'properties': {'x': [1]} | functions[1].properties.x: is a list; a property has one value
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'reserved': [{'first': 4096}] | functions[1].reserved[0].last: is missing
            'name': 'a', 'type': 'endpoint', 'behind': 'rp', 'device': 'edu', 'reserved': [{'first': 1, 'last': 2, 'kind': 'x'}] | is "x"; there are direct, direct-relaxable
            'name': 'a', 'type': 'conventional', 'device': 'edu', 'ats': true          | functions[1].ats: is not known
            'name': 1, 'type': 'root-port'                                             | functions[1].name: is a number; a string belongs here
            """)
    void aMistakeIsShownWhereItIsAndWhatToDo(String members, String message) {
        assertThat(one(members))
                .startsWith("host topology: line 2: ")
                .contains(message)
                .doesNotContain("\n");
    }

    @Test
    void twoInOnePlaceAreRefused() {
        assertThat(refusal("""
                {"functions": [{"name": "a", "type": "root-port", "at": "01.0"},
                {"name": "b", "type": "root-port", "at": "01.0"}]}"""))
                .isEqualTo("host topology: line 2: functions[1].name: \"b\" wants 01.0, where \"a\" has something"
                        + " already; choose another at");
    }

    @Test
    void aCircleIsRefused() {
        assertThat(refusal("""
                {"functions": [
                {"name": "rp", "type": "root-port"},
                {"name": "a", "type": "pci-bridge", "behind": "b"},
                {"name": "b", "type": "pci-bridge", "behind": "a"}]}"""))
                .isEqualTo("host topology: line 3: functions[1].name: \"a\" sits behind itself by way of \"b\"; put one"
                        + " elsewhere");
    }

    @Test
    void moreBusesThanThereAreAreRefused() {
        var ports = IntStream.range(0, 250)
                .mapToObj(i -> "{\"name\": \"p" + i
                        + "\", \"type\": \"root-port\", \"at\": \"%02x.%d\"}".formatted(i / 8, i % 8))
                .collect(Collectors.joining(","));
        var more = IntStream.range(0, 6)
                .mapToObj(
                        i -> "{\"name\": \"b" + i + "\", \"type\": \"pcie-to-pci-bridge\", \"behind\": \"p" + i + "\"}")
                .collect(Collectors.joining(","));

        assertThat(refusal("{\"functions\": [" + ports + "," + more + "]}"))
                .contains("\"b5\" needs a bus beyond the 256 that there are; take bridges away");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {'functions': [}                            | line 1: found '}' where a value belongs
            {'functions': [] 1                          | line 1: found '1' where '}' belongs
            {'functions': [1}                           | line 1: found '}' where ']' belongs
            {'functions' []}                            | line 1: found '[' where ':' belongs
            {'functions': -}                            | line 1: found '}' where a value belongs
            {'functions': 1234567890123456789}          | line 1: no such number: 1234567890123456789
            {]                                          | line 1: found ']' where the name of a member belongs, in quotes
            {'functions': []} x                         | line 1: something follows the end of the description; remove it
            {'functions'                                | line 1: the description ends in the middle; close what is open
            {'a': 1, 'a': 2}                            | line 1: "a" is there twice; remove one
            {'a': 1.5}                                  | line 1: a number with a fraction or an exponent; write a whole one
            {'a': 012}                                  | line 1: no such number: 012
            {'a': null}                                 | line 1: null says nothing; leave the member out
            {'a': nil}                                  | line 1: an unknown word; strings stand in quotes
            {'a': '\\x'}                                | line 1: an unknown escape: \\x
            {'a': '\\u12'}                              | line 1: \\u needs four hexadecimal digits
            {a: 1}                                      | line 1: found 'a' where the name of a member belongs, in quotes
            [1]                                         | line 1: is a list; an object belongs here
            {'iommus': []}                              | line 1: iommus: is empty; describe one, or leave the member out
            {'iommus': [{'name': 'a'}, {'name': 'a'}]}  | line 1: iommus[1].name: "a" is another's name already; choose another
            {'iommus': [{'name': 'a', 'pages': 'x'}]}   | line 1: iommus[0].pages: is "x"; there are vtd-48, vtd-57
            {'machines': []}                            | line 1: machines: is not known; there are iommus, functions
            """)
    void whatIsNoDescriptionIsShown(String text, String message) {
        assertThat(refusal(text.replace('\'', '"').replace("found \"", "found '")))
                .isEqualTo("host topology: " + message);
    }

    @Test
    void deepNestingIsRefused() {
        assertThat(refusal("[".repeat(100_000))).contains("nested more than 32 deep");
        assertThat(refusal("[".repeat(32) + "]".repeat(32))).contains("is a list");
    }

    @Test
    void whatIsTooLongIsRefused() {
        assertThat(refusal(" ".repeat((16 << 20) + 1))).contains("more than 16 MiB");
    }

    @Test
    void aMistakeHasItsLineInALongDescription() {
        assertThat(refusal("{\n\"functions\": [\n{\"name\": \"a\n\"}]}"))
                .isEqualTo("host topology: line 3: a string is not closed, or has a control character in it");
        assertThat(refusal("{\"a\":\u0001 1}")).endsWith("a control character between values; remove it");
        assertThat(refusal("\n\n\n")).startsWith("host topology: line 4: the description ends in the middle");
    }

    @Test
    void propertiesThatAreMixedUpAreRefused() {
        assertThat(catchThrowableOfType(
                        HostConfigException.class, () -> HostConfig.of(Map.of("functions.1.name", "a"))))
                .hasMessageContaining("functions: has a place 1 and holes below it; number them from 0 on");
        assertThat(catchThrowableOfType(
                        HostConfigException.class,
                        () -> HostConfig.of(Map.of("functions", "a", "functions.0.name", "b"))))
                .hasMessageContaining("functions: is a value, and has parts too");
        assertThat(catchThrowableOfType(HostConfigException.class, () -> HostConfig.of(Map.of("functions..x", "a"))))
                .hasMessageContaining("a part of the key is empty");
    }

    @Test
    void aDeviceThatIsNotThereIsRefusedWhenTheHostIsBuilt() {
        assertThat(catchThrowableOfType(
                        HostConfigException.class, () -> new HostRig("a integrated-endpoint device=warp")))
                .hasMessage("host topology: functions[0].name: \"a\" is a \"warp\", which is no device of a host's");
    }
}
