package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds in every hierarchy, tried on many; a failure names the seed.
@Timeout(120)
final class RandomTopologyTest {
    private static final String[] ACS = {"", " acs=true", " acs=true", " acs.0=sv acs.1=rr", " acs=true acs-off.0=rr"};

    static LongStream seeds() {
        return LongStream.range(1, 120);
    }

    /// Lines of a description, a bridge before what is behind it.
    private static String lines(Random random) {
        var lines = new ArrayList<String>();
        List<String> links = new ArrayList<>();
        List<String> conventional = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            lines.add("rp" + i + " root-port at=1c." + i + acs(random));
            links.add("rp" + i);
        }
        for (int i = 0; i < 12; i++) {
            grow(random, i, lines, links, conventional);
        }
        return String.join("\n", lines);
    }

    private static void grow(Random random, int i, List<String> lines, List<String> links, List<String> conventional) {
        int choice = random.nextInt(6);
        if (choice == 0 || links.isEmpty() && conventional.isEmpty()) {
            lines.add("r" + i + " integrated-endpoint" + acs(random));
        } else if (choice == 1 && !links.isEmpty()) {
            lines.add("u" + i + " upstream-port < " + links.remove(random.nextInt(links.size())));
            for (int port = 0; port < 2; port++) {
                lines.add("d" + i + "_" + port + " downstream-port < u" + i + acs(random));
                links.add("d" + i + "_" + port);
            }
        } else if (choice == 2 && !links.isEmpty()) {
            lines.add("b" + i + " pcie-to-pci-bridge < " + links.remove(random.nextInt(links.size())));
            conventional.add("b" + i);
        } else if (choice == 3 && !links.isEmpty()) {
            var link = links.remove(random.nextInt(links.size()));
            lines.add("m" + i + "_0 endpoint < " + link + " at=00.0" + acs(random));
            lines.add("m" + i + "_1 endpoint < " + link + " at=00.1" + acs(random));
        } else if (choice == 4 && !conventional.isEmpty()) {
            lines.add("c" + i + " conventional < " + conventional.get(random.nextInt(conventional.size())));
        } else if (!links.isEmpty()) {
            lines.add("e" + i + " endpoint < " + links.remove(random.nextInt(links.size())));
        }
    }

    private static String acs(Random random) {
        return ACS[random.nextInt(ACS.length)];
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whoIsAloneInItsGroupReachesNobodyPastTheIommu(long seed) {
        var lines = lines(new Random(seed));
        try (var rig = new HostRig(lines)) {
            var peers = new PeerRouting(rig.host.memory());
            for (var from : rig.cards.keySet()) {
                boolean alone = rig.at(from).group().devices().size() == 1;
                assertThat(rig.cards.keySet())
                        .as("seed %d, %s of%n%s%n%s", seed, from, lines, rig.groups())
                        .noneMatch(to -> alone && peers.turns(rig.at(from), rig.bar(to, 0)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everythingHasAPlaceThatIsItsOwn(long seed) {
        try (var rig = new HostRig(lines(new Random(seed)))) {
            for (var name : rig.cards.keySet()) {
                rig.card(name).store[0] = (byte) name.hashCode();
            }

            assertThat(rig.cards.keySet())
                    .as("seed %d", seed)
                    .allMatch(name -> rig.host.memory().read(rig.bar(name, 0), 1) == (name.hashCode() & 0xFF));
            assertThat(rig.host.functions()).extracting(HostFunction::name).doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everythingThatSharesARequesterIdSharesAGroup(long seed) {
        try (var rig = new HostRig(lines(new Random(seed)))) {
            var functions = rig.host.functions();
            for (var one : functions) {
                assertThat(functions)
                        .as("seed %d, %s", seed, one)
                        .noneMatch(other -> other.group() != one.group()
                                && Groups.aliases(one).stream()
                                        .anyMatch(alias -> Groups.aliases(other).stream()
                                                .anyMatch(its -> its.requester() == alias.requester())));
            }
        }
    }
}
