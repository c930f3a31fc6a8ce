package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class HotPlugTest {
    private final HostRig rig = new HostRig("""
            rp root-port acs=true hot-plug=true at=01.0
            open root-port hot-plug=true at=02.0
            bridge pcie-to-pci-bridge < other hot-plug=true
            other root-port acs=true at=03.0
            old conventional < bridge
            """);

    @AfterEach
    void close() {
        rig.close();
    }

    private static Errno refusal(Runnable request) {
        return catchThrowableOfType(HostException.class, request::run).errno();
    }

    @Test
    void whatIsPluggedInAnswersAndHasAGroup() {
        rig.plug("nic endpoint < rp");
        rig.card("nic").store[3] = 9;

        assertThat(rig.at("nic").name()).isEqualTo("0000:01:00.0");
        assertThat(rig.host.memory().read(rig.bar("nic", 0) + 3, 1)).isEqualTo(9);
        assertThat(rig.host.members(rig.at("nic").group())).containsExactly(rig.at("nic"));
    }

    @Test
    void itIsOfferedToTheDrivers() {
        var driver = new TestDriver("nic");
        rig.host.drivers().register(driver, rig.host.functions());
        rig.plug("nic endpoint < rp");

        assertThat(driver.told).containsExactly("probe nic");
    }

    @Test
    void whatJoinsAnOwnedGroupIsInItsDomainAtOnce() {
        rig.own("old", 0x10000);
        rig.plug("new conventional < bridge");
        HostRig.master(rig.at("new"));

        assertThat(rig.at("new").group()).isSameAs(rig.at("old").group());
        assertThat(rig.card("new").sends(0x10000, 0x31)).isTrue();
        assertThat(rig.inMemory(0)).isEqualTo((byte) 0x31);
        assertThat(rig.at("new").group().owner()).isNotNull();
    }

    @Test
    void aNativeDriverDoesNotGetWhatJoinsAnOwnedGroup() {
        var driver = new TestDriver("new");
        rig.host.drivers().register(driver, rig.host.functions());
        rig.own("old", 0x10000);
        rig.plug("new conventional < bridge");

        assertThat(driver.told).isEmpty();
        assertThat(rig.at("new").driver()).isNull();
    }

    @Test
    void behindAnOpenPortItJoinsThePortsGroup() {
        rig.plug("nic endpoint < open");

        assertThat(rig.at("nic").group()).isSameAs(rig.at("open").group());
    }

    @Test
    void whatIsUnpluggedMovesNothingAndAnswersNothing() {
        rig.plug("nic endpoint < rp");
        rig.own("nic", 0);
        long bar = rig.bar("nic", 0);
        var gone = rig.at("nic");
        var group = gone.group();
        rig.host.unplug(gone);

        assertThat(rig.card("nic").sends(0, 1)).isFalse();
        assertThat(rig.host.memory().read(bar, 1)).isEqualTo(0xFF);
        assertThat(group.devices()).isEmpty();
        assertThat(gone.isGone()).isTrue();
        assertThat(rig.card("nic").closed).isTrue();
        assertThat(refusal(() -> rig.host.unplug(gone))).isEqualTo(Errno.ENODEV);
    }

    @Test
    void aSwitchComesAndGoesWithWhatIsBehindIt() {
        var driver = new TestDriver("nic");
        rig.host.drivers().register(driver, rig.host.functions());
        rig.plug("bridge2 pcie-to-pci-bridge < rp");
        rig.plug("nic conventional < bridge2");
        rig.card("nic").store[0] = 5;

        assertThat(rig.host.memory().read(rig.bar("nic", 0), 1)).isEqualTo(5);
        rig.host.unplug(rig.at("bridge2"));
        assertThat(driver.told).containsExactly("probe nic", "remove nic");
        assertThat(rig.host.find("nic")).isNull();
        assertThat(rig.host.find("bridge2")).isNull();
    }

    @Test
    void theRoomOfWhatGoesIsFreeAgain() {
        rig.plug("nic endpoint < rp");
        long first = rig.bar("nic", 0);
        for (int i = 0; i < 3000; i++) {
            rig.host.unplug(rig.at("nic"));
            rig.plug("nic endpoint < rp");
        }

        assertThat(rig.bar("nic", 0)).isEqualTo(first);
    }

    @Test
    void whatFindsNoRoomIsRefusedAndLeavesNothing() {
        int functions = rig.host.functions().size();

        assertThat(refusal(() -> {
                    for (int i = 0; i < 32; i++) {
                        rig.plug("b" + i + " pci-bridge < bridge");
                    }
                }))
                .isEqualTo(Errno.ENOSPC);
        assertThat(rig.host.functions()).hasSizeLessThan(functions + 3);
    }

    @Test
    void aNameOrAPlaceThatIsTakenIsRefused() {
        rig.plug("nic endpoint < rp");

        assertThat(refusal(() -> rig.plug("nic endpoint < open"))).isEqualTo(Errno.EEXIST);
        assertThat(catchThrowableOfType(HostConfigException.class, () -> rig.plug("nic2 endpoint < rp at=00.0")))
                .hasMessageContaining("00.0, where \"nic\" has something already");
    }

    @Test
    void pluggingThatFailsAtAnyStepLeavesNothing() {
        var before = rig.host.functions();
        long step = 1;
        while (true) {
            rig.steps.failNth(step++);
            var refused = catchThrowableOfType(
                    HostException.class,
                    () -> rig.plug("nic endpoint < rp ats=true pri=true pasid=true ari=true sriov.total=2"));
            int passed = rig.steps.disarm().size();
            if (refused == null) {
                assertThat(passed).isGreaterThan(4);
                break;
            }
            assertThat(rig.host.functions()).isEqualTo(before);
            assertThat(rig.cards.getOrDefault("nic", rig.card("old")).closed || !rig.cards.containsKey("nic"))
                    .isTrue();
        }

        assertThat(rig.at("nic").group().devices()).hasSize(1);
    }
}
