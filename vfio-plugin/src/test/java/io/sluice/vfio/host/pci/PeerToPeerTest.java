package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.pci.Acs;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// A request of one function to the BAR of another goes up to the IOMMU or turns below it, as access control says.
final class PeerToPeerTest {
    private static final String SWITCH = """
            rp root-port acs=true
            up upstream-port < rp
            dn0 downstream-port < up at=00.0 acs=%s
            dn1 downstream-port < up at=01.0 acs=%s
            a endpoint < dn0
            b endpoint < dn1
            """;

    /// Owns the sender's group in a domain where the memory lies at the address of the target's BAR, so that one
    /// address leads to two places, and it shows which one a request has taken.
    private static void meet(HostRig rig, String from, String to) {
        rig.own(from, rig.bar(to, 0) & -4096L);
    }

    private static String reached(HostRig rig, String from, String to) {
        meet(rig, from, to);
        rig.card(from).sends(rig.bar(to, 0), 0x5A);
        rig.loop.run();
        boolean peer = rig.card(to).store[0] == 0x5A;
        boolean memory = rig.inMemory(0) == 0x5A;
        return peer && memory ? "both" : peer ? "peer" : memory ? "memory" : "nobody";
    }

    @Test
    void aSwitchWithAccessControlSendsRequestsUpToTheIommu() {
        try (var rig = new HostRig(SWITCH.formatted(true, true))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("memory");
        }
    }

    @Test
    void aSwitchWithoutAccessControlTurnsThemAndTheIommuNeverSeesThem() {
        try (var rig = new HostRig(SWITCH.formatted(false, false))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
        }
    }

    @Test
    void thePortThatARequestEntersByDecides() {
        try (var rig = new HostRig(SWITCH.formatted(false, true))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
        }
        try (var rig = new HostRig(SWITCH.formatted(true, false))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("memory");
        }
    }

    @Test
    void redirectionIsInForceWithTheWriteThatTurnsItOn() {
        try (var rig = new HostRig(SWITCH.formatted(true, true))) {
            var acs = Objects.requireNonNull(rig.at("dn0").pci().extensions().acs());
            rig.at("dn0").configWrite(acs.base() + Acs.CONTROL, 2, 0);

            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
            rig.at("dn0").configWrite(acs.base() + Acs.CONTROL, 2, Acs.REQUEST_REDIRECT);
            rig.card("a").sends(rig.bar("b", 0) + 1, 0x66);
            rig.loop.run();

            assertThat(rig.card("b").store[1]).isZero();
            assertThat(rig.inMemory(1)).isEqualTo((byte) 0x66);
        }
    }

    @Test
    void readsTurnToo() {
        try (var rig = new HostRig(SWITCH.formatted(false, false))) {
            meet(rig, "a", "b");
            rig.card("b").store[7] = 0x33;

            assertThat(rig.card("a").fetches(rig.bar("b", 0) + 7)).isEqualTo(0x33);
        }
    }

    @Test
    void functionsOfOneDeviceReachEachOtherWithoutAccessControl() {
        var lines = """
                rp root-port acs=true
                a endpoint < rp at=00.0 acs=%s
                b endpoint < rp at=00.1 acs=%s
                """;
        try (var rig = new HostRig(lines.formatted(false, false))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
        }
        try (var rig = new HostRig(lines.formatted(true, true))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("memory");
        }
    }

    @Test
    void onAConventionalBusEverybodyIsSeen() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                bridge pcie-to-pci-bridge < rp
                a conventional < bridge
                b conventional < bridge
                """)) {
            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
        }
    }

    @Test
    void rootPortsOfOneSlotWithoutAccessControlTurnRequestsToOneAnother() {
        var lines = """
                rp0 root-port at=1c.0
                rp1 root-port at=%s
                a endpoint < rp0
                b endpoint < rp1
                """;
        try (var rig = new HostRig(lines.formatted("1c.1"))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
        }
        try (var rig = new HostRig(lines.formatted("1d.0"))) {
            assertThat(reached(rig, "a", "b")).isEqualTo("memory");
        }
    }

    @Test
    void aPortWithoutAccessControlTurnsWhatASwitchBelowSentUp() {
        try (var rig = new HostRig("""
                rp root-port
                up upstream-port < rp
                dn0 downstream-port < up acs=true
                dn1 downstream-port < up acs=true
                a endpoint < dn0
                b endpoint < dn1
                """)) {
            assertThat(reached(rig, "a", "b")).isEqualTo("peer");
        }
    }

    @Test
    void whatTurnsIntoAWindowWhereNobodyIsIsLost() {
        try (var rig = new HostRig(SWITCH.formatted(false, false))) {
            long unclaimed = rig.bar("b", 0) + Card.BAR_SIZE;
            rig.own("a", unclaimed & -4096L);

            assertThat(rig.card("a").sends(unclaimed, 0x11)).isFalse();
            assertThat(rig.card("a").fetches(unclaimed)).isEqualTo(-1);
            assertThat(rig.inMemory(0)).isZero();
        }
    }

    @Test
    void oneRequestThatRunsOutOfABarIsSplit() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                a endpoint < rp at=00.0
                b endpoint < rp at=00.1
                """)) {
            long beforeBar = Math.max(rig.bar("a", 0), rig.bar("b", 0)) + Card.BAR_SIZE - 2;
            var target = rig.bar("a", 0) > rig.bar("b", 0) ? "a" : "b";
            var sender = target.equals("a") ? "b" : "a";
            rig.own(sender, beforeBar & -4096L);
            var function = rig.card(sender).function();

            function.strand()
                    .call(() -> function.dma()
                            .write(new io.sluice.vmm.address.Iova(beforeBar), new byte[] {1, 2, 3, 4}, 0, 4));
            rig.loop.run();

            assertThat(rig.card(target).store).endsWith(new byte[] {1, 2});
            assertThat(rig.inMemory(4096)).isEqualTo((byte) 3);
            assertThat(rig.inMemory(4094)).isZero();
        }
    }

    @Test
    void aPeerThatIsBusyTimesOutAndBlocksNobody() {
        try (var rig = new HostRig(SWITCH.formatted(false, false))) {
            meet(rig, "a", "b");
            long bar = rig.bar("b", 0);
            var busy = rig.card("b").function().strand();
            assertThat(busy.tryEnter()).isTrue();
            try {
                assertThat(rig.card("a").fetches(bar)).isEqualTo(-1);
            } finally {
                busy.exit();
            }
        }
    }

    @Test
    void aPeerThatDoesNotDecodeDoesNotAnswer() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                a endpoint < rp at=00.0
                b endpoint < rp at=00.1
                """)) {
            rig.at("b").configWrite(4, 2, 0);

            assertThat(reached(rig, "a", "b")).isEqualTo("memory");
        }
    }

    @Test
    void nobodyReachesItself() {
        try (var rig = new HostRig("""
                rp root-port
                a endpoint < rp
                """)) {
            assertThat(reached(rig, "a", "a")).isEqualTo("nobody");
        }
    }

    /// What turns below the IOMMU shares a group: for each of these, either the groups are one or nothing turns.
    @Test
    void whoCanReachAnotherPastTheIommuSharesItsGroup() {
        var ports = new String[] {"", "acs=true", "acs.0=sv", "acs.0=sv acs.1=rr acs.2=cr acs.3=uf acs-off.0=rr"};
        for (var root : ports) {
            for (var first : ports) {
                for (var second : ports) {
                    checkPair(root, first, second);
                }
            }
        }
    }

    private static void checkPair(String root, String first, String second) {
        try (var rig = new HostRig("""
                rp root-port %s
                up upstream-port < rp
                dn0 downstream-port < up at=00.0 %s
                dn1 downstream-port < up at=01.0 %s
                a endpoint < dn0
                b endpoint < dn1
                """.formatted(root, first, second))) {
            boolean isolated = Isolation.pathEnforces(rig.at("a"), Acs.ISOLATION);

            assertThat(reached(rig, "a", "b").equals("peer") && isolated)
                    .as("%s / %s / %s: %s", root, first, second, rig.groups())
                    .isFalse();
        }
    }
}
