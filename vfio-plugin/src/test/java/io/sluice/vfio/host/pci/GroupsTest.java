package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Groups as the rules of Linux derive them, one test a rule.
final class GroupsTest {
    private static String groups(String lines) {
        try (var rig = new HostRig(lines)) {
            return rig.groups();
        }
    }

    // ---- step 1: aliases

    @Test
    void conventionalDevicesBehindABridgeShareItsGroup() {
        assertThat(groups("""
                rp root-port acs=true
                bridge pcie-to-pci-bridge < rp
                a conventional < bridge
                b conventional < bridge
                """)).isEqualTo("rp | bridge a b");
    }

    @Test
    void aConventionalBridgeBehindABridgeJoinsToo() {
        assertThat(groups("""
                rp root-port acs=true
                bridge pcie-to-pci-bridge < rp
                deeper pci-bridge < bridge
                a conventional < deeper
                """)).isEqualTo("rp | bridge deeper a");
    }

    @Test
    void aConventionalBridgeOnTheRootBusHasWhatIsBehindItInItsGroup() {
        assertThat(groups("""
                bridge pci-bridge
                a conventional < bridge
                b conventional < bridge
                alone conventional
                """)).isEqualTo("bridge a b | alone");
    }

    @Test
    void anExpressDeviceBehindAConventionalBusIsKnownByTheBridgeAbove() {
        assertThat(groups("""
                rp root-port acs=true
                down pcie-to-pci-bridge < rp
                up pci-to-pcie-bridge < down
                nic endpoint < up
                """)).isEqualTo("rp | down up nic");
    }

    @Test
    void portsAddNoAliases() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                up upstream-port < rp
                dn downstream-port < up acs=true
                nic endpoint < dn
                """)) {
            assertThat(Groups.aliases(rig.at("nic")))
                    .extracting(alias -> alias.bdf().toString())
                    .containsExactly("0000:03:00.0");
        }
    }

    @Test
    void aBridgeToConventionalPciSendsByTheBusBelow() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                bridge pcie-to-pci-bridge < rp
                deeper pci-bridge < bridge at=03.0
                a conventional < deeper at=05.0
                """)) {
            assertThat(Groups.aliases(rig.at("a")))
                    .extracting(alias -> alias.bdf().toString())
                    .containsExactly("0000:03:05.0", "0000:02:03.0", "0000:02:00.0");
        }
    }

    @Test
    void aBridgeWithTheQuirkSendsByItsOwnId() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                bridge pcie-to-pci-bridge < rp quirks.bridge-alias=true
                a conventional < bridge at=05.0
                """)) {
            assertThat(Groups.aliases(rig.at("a")))
                    .extracting(alias -> alias.bdf().toString())
                    .containsExactly("0000:02:05.0", "0000:01:00.0");
        }
    }

    // ---- step 2: access control on the way up

    @Test
    void aDeviceBehindAPortWithAccessControlIsAlone() {
        assertThat(groups("""
                rp root-port acs=true
                nic endpoint < rp
                """)).isEqualTo("rp | nic");
    }

    @Test
    void aDeviceBehindAPortWithoutAccessControlIsWithThePort() {
        assertThat(groups("""
                rp root-port
                nic endpoint < rp
                """)).isEqualTo("rp nic");
    }

    @Test
    void behindASwitchWithAccessControlEachIsAlone() {
        assertThat(groups("""
                rp root-port acs=true
                up upstream-port < rp
                dn0 downstream-port < up acs=true
                dn1 downstream-port < up acs=true
                a endpoint < dn0
                b endpoint < dn1
                """)).isEqualTo("rp | up | dn0 | dn1 | a | b");
    }

    @Test
    void behindAPortOfASwitchWithoutAccessControlTheDeviceIsWithThatPort() {
        assertThat(groups("""
                rp root-port acs=true
                up upstream-port < rp
                dn0 downstream-port < up at=00.0 acs=true
                dn1 downstream-port < up at=01.0
                a endpoint < dn0
                b endpoint < dn1
                """)).isEqualTo("rp | up | dn0 | dn1 b | a");
    }

    @Test
    void aRootPortWithoutAccessControlGathersAllBehindIt() {
        assertThat(groups("""
                rp root-port
                up upstream-port < rp
                dn0 downstream-port < up acs=true
                dn1 downstream-port < up acs=true
                a endpoint < dn0
                b endpoint < dn1
                """)).isEqualTo("rp up dn0 dn1 a b");
    }

    @Test
    void accessControlThatIsLeftOffIsNone() {
        assertThat(groups("""
                rp root-port acs=true acs-off.0=rr
                nic endpoint < rp
                """)).isEqualTo("rp nic");
    }

    @Test
    void whatACapabilityDoesNotOfferCountsAsWired() {
        assertThat(groups("""
                rp root-port acs.0=sv acs.1=rr
                nic endpoint < rp
                """)).isEqualTo("rp | nic");
    }

    // ---- step 3: aliases of others on the bus

    @Test
    void whoSendsByTheIdOfAnotherSharesItsGroup() {
        assertThat(groups("""
                a integrated-endpoint at=02.0
                b integrated-endpoint at=05.0 quirks.aliases.0=02.0
                c integrated-endpoint at=06.0
                """)).isEqualTo("a b | c");
    }

    @Test
    void whoIsFoundFirstAndSendsByTheIdOfALaterOneSharesItsGroupToo() {
        assertThat(groups("""
                a integrated-endpoint at=02.0 quirks.aliases.0=05.0
                b integrated-endpoint at=05.0
                """)).isEqualTo("a b");
    }

    // ---- step 4: functions of one slot

    @Test
    void functionsOfASlotWithoutAccessControlShareAGroup() {
        assertThat(groups("""
                rp root-port acs=true
                f0 endpoint < rp at=00.0
                f1 endpoint < rp at=00.1
                """)).isEqualTo("rp | f0 f1");
    }

    @Test
    void functionsOfASlotWithAccessControlAreAlone() {
        assertThat(groups("""
                rp root-port acs=true
                f0 endpoint < rp at=00.0 acs=true
                f1 endpoint < rp at=00.1 acs=true
                """)).isEqualTo("rp | f0 | f1");
    }

    @Test
    void onlyThoseOfASlotWithoutAccessControlShare() {
        assertThat(groups("""
                rp root-port acs=true
                f0 endpoint < rp at=00.0
                f1 endpoint < rp at=00.1 acs=true
                f2 endpoint < rp at=00.2
                """)).isEqualTo("rp | f0 f2 | f1");
    }

    @Test
    void rootPortsOfOneSlotWithoutAccessControlShareAllBehindThem() {
        assertThat(groups("""
                rp0 root-port at=1c.0
                rp1 root-port at=1c.1
                a endpoint < rp0
                b endpoint < rp1
                """)).isEqualTo("rp0 rp1 a b");
    }

    @Test
    void rootPortsOfDifferentSlotsDoNotShare() {
        assertThat(groups("""
                rp0 root-port at=1c.0
                rp1 root-port at=1d.0
                a endpoint < rp0
                b endpoint < rp1
                """)).isEqualTo("rp0 a | rp1 b");
    }

    // ---- who needs what

    @Test
    void aSingleFunctionNeedsNoAccessControl() {
        assertThat(groups("""
                a integrated-endpoint
                b integrated-endpoint
                """)).isEqualTo("a | b");
    }

    @Test
    void anEventCollectorIsNeverIsolatedFromItsSlot() {
        assertThat(groups("""
                rc event-collector at=00.4 acs=true
                a integrated-endpoint at=00.1
                b integrated-endpoint at=00.2 acs=true
                """)).isEqualTo("a rc | b");
    }

    @Test
    void aQuirkSpeaksBeforeTheRegisters() {
        assertThat(groups("""
                rp0 root-port at=1c.0 quirks.isolated=true
                rp1 root-port at=1d.0 acs=true quirks.isolated=false
                a endpoint < rp0
                b endpoint < rp1
                """)).isEqualTo("rp0 | rp1 b | a");
    }

    @Test
    void virtualFunctionsAreAloneWhereTheirPhysicalOneIs() {
        try (var rig = new HostRig("""
                rp root-port acs=true
                pf endpoint < rp sriov.total=3
                """)) {
            rig.host.drivers().register(new TestDriver("pf").withVfs(), rig.host.functions());
            rig.host.setNumVfs(rig.at("pf"), 3);

            assertThat(rig.groups()).isEqualTo("rp | pf | pf-vf0 | pf-vf1 | pf-vf2");
        }
    }

    @Test
    void virtualFunctionsBehindAPortWithoutAccessControlJoinIt() {
        try (var rig = new HostRig("""
                rp root-port
                pf endpoint < rp sriov.total=2
                """)) {
            rig.host.drivers().register(new TestDriver("pf").withVfs(), rig.host.functions());
            rig.host.setNumVfs(rig.at("pf"), 2);

            assertThat(rig.groups()).isEqualTo("rp pf pf-vf0 pf-vf1");
        }
    }

    @Test
    void numbersGoAsTheKernelFindsTheFunctions() {
        try (var rig = new HostRig("""
                late endpoint < rp1
                rp0 root-port at=02.0 acs=true
                rp1 root-port at=01.0 acs=true
                early endpoint < rp0
                """)) {
            assertThat(rig.host.functions())
                    .extracting(function -> function.label() + " " + function.name() + " "
                            + function.group().id())
                    .containsExactly(
                            "rp1 0000:00:01.0 0", "rp0 0000:00:02.0 1", "late 0000:01:00.0 2", "early 0000:02:00.0 3");
        }
    }
}
