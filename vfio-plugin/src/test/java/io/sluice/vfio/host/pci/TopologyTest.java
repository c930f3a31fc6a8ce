package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.ReservedRegion;
import io.sluice.vmm.address.Pasid;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Where things are in a host that has started.
final class TopologyTest {
    private static final String HOST = """
            rp0 root-port at=1c.0 acs=true
            up upstream-port < rp0
            dn0 downstream-port < up acs=true
            dn1 downstream-port < up acs=true
            nic endpoint < dn0
            disk endpoint < dn1 at=00.0
            disk1 endpoint < dn1 at=00.1
            rp1 root-port at=1c.1 acs=true
            bridge pcie-to-pci-bridge < rp1
            old conventional < bridge at=04.0
            sound integrated-endpoint at=02.0
            """;

    @Test
    void busNumbersGoDownBeforeTheyGoOn() {
        try (var rig = new HostRig(HOST)) {
            assertThat(rig.host.functions().stream()
                            .map(function -> function.name().substring(5) + " " + function.label())
                            .collect(Collectors.joining("\n")))
                    .isEqualTo("""
                            00:02.0 sound
                            00:1c.0 rp0
                            00:1c.1 rp1
                            01:00.0 up
                            02:00.0 dn0
                            02:01.0 dn1
                            03:00.0 nic
                            04:00.0 disk
                            04:00.1 disk1
                            05:00.0 bridge
                            06:04.0 old""");
        }
    }

    @Test
    void aFunctionIsFoundByNameAndByAddress() {
        try (var rig = new HostRig(HOST)) {
            assertThat(rig.host.find("nic")).isSameAs(rig.at("0000:03:00.0")).isSameAs(rig.at("03:00.0"));
            assertThat(rig.host.find("03:00.1")).isNull();
        }
    }

    @Test
    void bridgesHoldTheirBusNumbers() {
        try (var rig = new HostRig(HOST)) {
            assertThat(rig.at("rp0").configRead(0x18, 4) & 0xFF_FFFF).isEqualTo(0x04_01_00);
            assertThat(rig.at("up").configRead(0x18, 4) & 0xFF_FFFF).isEqualTo(0x04_02_01);
            assertThat(rig.at("bridge").configRead(0x18, 4) & 0xFF_FFFF).isEqualTo(0x06_06_05);
        }
    }

    @Test
    void everyBarAnswersThroughTheWindowsAbove() {
        try (var rig = new HostRig(HOST)) {
            for (var name : rig.cards.keySet()) {
                rig.card(name).store[8] = (byte) name.hashCode();

                assertThat(rig.host.memory().read(rig.bar(name, 0) + 8, 1))
                        .as(name)
                        .isEqualTo(name.hashCode() & 0xFF);
            }
        }
    }

    @Test
    void aBridgeThatIsOffLetsNothingThrough() {
        try (var rig = new HostRig(HOST)) {
            rig.card("nic").store[8] = 1;
            rig.at("rp0").configWrite(4, 2, 0);

            assertThat(rig.host.memory().read(rig.bar("nic", 0) + 8, 1)).isEqualTo(0xFF);
        }
    }

    @Test
    void functionsOfOneSlotSaySo() {
        try (var rig = new HostRig(HOST)) {
            assertThat(rig.at("disk").configRead(0x0E, 1)).isEqualTo(0x80);
            assertThat(rig.at("disk1").configRead(0x0E, 1)).isEqualTo(0x80);
            assertThat(rig.at("nic").configRead(0x0E, 1)).isZero();
            assertThat(rig.at("rp0").configRead(0x0E, 1)).isEqualTo(0x81);
        }
    }

    @Test
    void extendedCapabilitiesAreChained() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                gpu endpoint < rp ari=true acs=true ats=true pri.capacity=8 pasid.bits=16 sriov.total=4
                """)) {
            assertThat(chain(rig.at("gpu"))).isEqualTo("ari@100 acs@108 ats@110 pri@118 pasid@128 sriov@130");
            assertThat(chain(rig.at("rp"))).isEqualTo("acs@100");
        }
    }

    private static String chain(HostFunction function) {
        var names = java.util.Map.of(0x0E, "ari", 0x0D, "acs", 0x0F, "ats", 0x13, "pri", 0x1B, "pasid", 0x10, "sriov");
        var text = new StringBuilder();
        for (int at = 0x100; at != 0; at = function.configRead(at, 4) >>> 20) {
            int id = function.configRead(at, 2);
            text.append(names.getOrDefault(id, "?" + id))
                    .append('@')
                    .append(Integer.toHexString(at))
                    .append(' ');
        }
        return text.toString().strip();
    }

    @Test
    void portsSayWhatTheyAre() {
        try (var rig = new HostRig(HOST + """
                up2 pci-to-pcie-bridge < bridge at=05.0
                rc event-collector at=1e.0
                """)) {
            assertThat(type(rig, "rp0")).isEqualTo(4);
            assertThat(type(rig, "up")).isEqualTo(5);
            assertThat(type(rig, "dn0")).isEqualTo(6);
            assertThat(type(rig, "bridge")).isEqualTo(7);
            assertThat(type(rig, "up2")).isEqualTo(8);
            assertThat(type(rig, "nic")).isZero();
            assertThat(type(rig, "sound")).isEqualTo(9);
            assertThat(type(rig, "rc")).isEqualTo(10);
            assertThat(Capabilities.find(rig.at("old"), Capabilities.EXPRESS)).isZero();
        }
    }

    private static int type(HostRig rig, String name) {
        var function = rig.at(name);
        return function.configRead(Capabilities.find(function, Capabilities.EXPRESS) + 2, 2) >> 4 & 0xF;
    }

    @Test
    void theIommuLearnsWhatAFunctionCan() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                gpu endpoint < rp ats=true pri=true pasid.bits=16 coherent=false reserved.0.first=0x1000 reserved.0.last=0x1fff reserved.0.kind=direct
                plain endpoint < rp2
                rp2 root-port acs=true
                """)) {
            var traits = rig.at("gpu").iommu().traits();

            assertThat(traits.pasidBits()).isEqualTo(16);
            assertThat(traits.ats()).isTrue();
            assertThat(traits.pri()).isTrue();
            assertThat(traits.coherent()).isFalse();
            assertThat(traits.reserved())
                    .containsExactly(new ReservedRegion(0x1000, 0x1FFF, ReservedRegion.Kind.DIRECT));
            assertThat(rig.at("plain").iommu().maxPasids()).isZero();
        }
    }

    @Test
    void thereAreNoPasidsWherePeersCanBeReached() {
        try (var rig = new HostRig("""
                rp root-port
                gpu endpoint < rp ats=true pasid=true
                """)) {
            assertThat(rig.at("gpu").iommu().maxPasids()).isZero();
            assertThat(Objects.requireNonNull(rig.at("gpu").pci().extensions().pasid())
                            .enabled())
                    .isFalse();
        }
    }

    @Test
    void aRequestWithAPasidLeavesOnlyWhileTheyAreEnabled() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                gpu endpoint < rp ats=true pasid=true
                """)) {
            rig.own("gpu", 0);
            rig.at("gpu").group().set(5, rig.domain("gpu", 0x10000));
            var pasid = Objects.requireNonNull(rig.at("gpu").pci().extensions().pasid());

            assertThat(rig.card("gpu").sends(new Pasid(5), 0x10000, 1)).isTrue();
            assertThat(rig.card("gpu").sends(new Pasid(6), 0x10000, 1)).isFalse();
            rig.at("gpu").configWrite(pasid.base() + 6, 2, 0);
            assertThat(rig.card("gpu").sends(new Pasid(5), 0x10000, 1)).isFalse();
        }
    }

    @Test
    void eachSubtreeStandsBehindTheIommuThatItsRootNames() {
        var properties = HostRig.properties("""
                rp0 root-port
                rp1 root-port iommu=second
                a endpoint < rp0
                b endpoint < rp1
                """);
        properties.put("iommus.0.name", "first");
        properties.put("iommus.1.name", "second");
        try (var rig = new HostRig(HostConfig.of(properties))) {
            assertThat(rig.at("a").iommu().unit().settings().name()).isEqualTo("first");
            assertThat(rig.at("b").iommu().unit().settings().name()).isEqualTo("second");
        }
    }

    @Test
    void aDeviceThatNobodyOwnsMovesNothing() {
        try (var rig = new HostRig(HOST)) {
            HostRig.master(rig.at("nic"));

            assertThat(rig.card("nic").sends(0, 1)).isFalse();
            assertThat(rig.card("nic").fetches(0)).isEqualTo(-1);
        }
    }

    @Test
    void aHostThatIsClosedHasGivenEverythingBack() {
        var rig = new HostRig(HOST);
        rig.close();

        assertThat(rig.host.functions()).isEmpty();
        assertThat(rig.cards.values()).allMatch(card -> card.closed);
    }

    @Test
    void aPinIsHeardOnceSomebodyListens() {
        try (var rig = new HostRig(HOST)) {
            var level = new boolean[1];
            rig.card("nic")
                    .function()
                    .strand()
                    .call(() -> rig.card("nic").function().intx(true));
            rig.at("nic").onPin(high -> level[0] = high);

            assertThat(level[0]).isTrue();
            rig.card("nic")
                    .function()
                    .strand()
                    .call(() -> rig.card("nic").function().intx(false));
            assertThat(level[0]).isFalse();
        }
    }
}
