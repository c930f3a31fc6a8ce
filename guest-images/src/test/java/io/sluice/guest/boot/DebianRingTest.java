package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.guest.testkit.GuestShell;
import io.sluice.guest.userland.RingProgram;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.testkit.MachineRig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/// The ring's user program under Debian's stock kernel: a process of user 1000 works by a doorbell page. One boot for
/// all.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianRingTest {
    private static final int AFTER_THE_CLAIMS = Order.DEFAULT + 1;
    private static final String CARD = "5f0b6a52-1f0e-4b8e-9d7a-0c5c7d2f0a01";
    private static final String PLACE = "/sys/bus/pci/devices/0000:00:01.0";

    private MachineRig machine;
    private GuestShell shell;

    private static MachineConfig config() {
        return GuestShell.config(
                DebianGuest.of(GuestCache.ofUser())
                        .withFiles(files -> files.file("/bin/ring-demo", 0755, RingProgram.elf())),
                List.of(new Part("mdev", Map.of("id", "m0", "type", "ring-4", "uuid", CARD))),
                List.of(new Part("vfio-pci", Map.of("id", "r0", "sysfsdev", "/sys/bus/mdev/devices/" + CARD))));
    }

    @BeforeAll
    void boot() {
        machine = MachineRig.start(config());
        shell = new GuestShell(machine);
    }

    @AfterAll
    void end() {
        shell.close();
    }

    @Test
    void noStockDriverBindsIt() {
        assertThat(shell.ask("cat " + PLACE + "/vendor " + PLACE + "/device " + PLACE + "/class"))
                .isEqualTo("0x51ce\n0x0001\n0x120000");
        assertThat(shell.ask("ls -d " + PLACE + "/driver 2> /dev/null; stat -c %s " + PLACE + "/resource0 " + PLACE
                        + "/resource2"))
                .isEqualTo("4096\n16384");
    }

    @Test
    void theUserProgramWorksByItsDoorbellPageAsOftenAsItIsRun() {
        assertThat(shell.ask("ring-demo " + PLACE)).isEqualTo(RingProgram.GOOD);
        assertThat(shell.ask("ring-demo " + PLACE + "; ring-demo " + PLACE))
                .isEqualTo(RingProgram.GOOD + "\n" + RingProgram.GOOD);
    }

    @Test
    @Order(AFTER_THE_CLAIMS)
    void theKernelHasNoComplaint() {
        assertThat(KernelLog.complaints(shell.ask("dmesg"))).isEmpty();
    }
}
