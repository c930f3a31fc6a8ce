package io.sluice.vfio.host.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HostVectorsTest {
    private static final String TWO = """
            rp root-port acs=true at=01.0
            a endpoint < rp
            rp2 root-port acs=true at=02.0
            b endpoint < rp2
            """;

    private static void program(HostRig rig, String name, int vector, HostVectors.Block block, int number) {
        var function = rig.at(name);
        long table = function.configRead(0x18, 4) & 0xFFFF_FFF0L | (long) function.configRead(0x1C, 4) << 32;
        rig.host.memory().write(table + 16L * vector, 8, block.address());
        rig.host.memory().write(table + 16L * vector + 8, 4, block.data(number));
        rig.host.memory().write(table + 16L * vector + 12, 4, 0);
        int msix = Capabilities.find(function, Capabilities.MSIX);
        function.configWrite(msix + 2, 2, 0x8000);
        HostRig.master(function);
    }

    private static void send(HostRig rig, String name, int vector) {
        var function = rig.card(name).function();
        function.strand().call(() -> function.message(vector));
    }

    @Test
    void aMessageArrivesAtItsVector() {
        try (var rig = new HostRig(TWO)) {
            List<Integer> heard = new ArrayList<>();
            var block = rig.host.vectors().allocate(rig.at("a"), 4, heard::add);
            program(rig, "a", 0, block, 2);
            program(rig, "a", 1, block, 3);
            send(rig, "a", 1);
            send(rig, "a", 0);

            assertThat(heard).containsExactly(3, 2);
        }
    }

    @Test
    void itArrivesWhateverDomainTheDeviceIsIn() {
        try (var rig = new HostRig(TWO)) {
            List<Integer> heard = new ArrayList<>();
            var block = rig.host.vectors().allocate(rig.at("a"), 1, heard::add);
            program(rig, "a", 0, block, 0);
            rig.own("a", 0xFEE0_0000L);
            send(rig, "a", 0);

            assertThat(heard).containsExactly(0);
            assertThat(rig.inMemory(block.address() - 0xFEE0_0000L)).isZero();
        }
    }

    @Test
    void aWriteOfAnotherDeviceIsNotHeard() {
        try (var rig = new HostRig(TWO)) {
            List<Integer> heard = new ArrayList<>();
            var block = rig.host.vectors().allocate(rig.at("a"), 1, heard::add);
            program(rig, "b", 0, block, 0);
            send(rig, "b", 0);

            assertThat(heard).isEmpty();
            assertThat(rig.host.vectors().blocked()).isEqualTo(1);
        }
    }

    @Test
    void withoutRemappingItIs() {
        var properties = HostRig.properties(TWO);
        properties.put("iommus.0.name", "dmar0");
        properties.put("iommus.0.interrupt-remapping", "off");
        try (var rig = new HostRig(HostConfig.of(properties))) {
            List<Integer> heard = new ArrayList<>();
            var block = rig.host.vectors().allocate(rig.at("a"), 1, heard::add);
            program(rig, "b", 0, block, 0);
            send(rig, "b", 0);

            assertThat(heard).containsExactly(0);
        }
    }

    @Test
    void aPlainWriteToTheWindowIsAMessageToo() {
        try (var rig = new HostRig(TWO)) {
            List<Integer> heard = new ArrayList<>();
            var block = rig.host.vectors().allocate(rig.at("a"), 2, heard::add);
            HostRig.master(rig.at("a"));
            var function = rig.card("a").function();
            function.strand()
                    .call(() -> function.dma().write(new Iova(block.address()), new byte[] {1, 0, 0, 0}, 0, 4));

            assertThat(heard).containsExactly(1);
        }
    }

    @Test
    void afterFreeingNothingArrives() {
        try (var rig = new HostRig(TWO)) {
            List<Integer> heard = new ArrayList<>();
            var block = rig.host.vectors().allocate(rig.at("a"), 1, heard::add);
            program(rig, "a", 0, block, 0);
            block.free();
            block.free();
            send(rig, "a", 0);

            assertThat(heard).isEmpty();
            assertThat(rig.host.vectors().used()).isZero();
        }
    }

    @Test
    void theyRunOutAndComeBack() {
        try (var rig = new HostRig(TWO)) {
            List<HostVectors.Block> blocks = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                blocks.add(rig.host.vectors().allocate(rig.at("a"), 2048, vector -> {}));
            }

            assertThat(catchThrowableOfType(
                                    HostException.class,
                                    () -> rig.host.vectors().allocate(rig.at("a"), 1, vector -> {}))
                            .errno())
                    .isEqualTo(Errno.ENOSPC);
            blocks.get(7).free();
            assertThat(rig.host
                            .vectors()
                            .allocate(rig.at("a"), 2048, vector -> {})
                            .address())
                    .isEqualTo(blocks.get(7).address());
        }
    }

    @Test
    void theHighestHandleIsReachedByAMessage() {
        try (var rig = new HostRig(TWO)) {
            List<Integer> heard = new ArrayList<>();
            for (int i = 0; i < 31; i++) {
                rig.host.vectors().allocate(rig.at("a"), 2048, vector -> {});
            }
            var last = rig.host.vectors().allocate(rig.at("a"), 2048, heard::add);
            program(rig, "a", 0, last, 2047);
            send(rig, "a", 0);

            assertThat(heard).containsExactly(2047);
        }
    }
}
