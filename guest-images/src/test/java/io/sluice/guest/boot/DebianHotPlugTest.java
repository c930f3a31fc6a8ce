package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.testkit.GuestShell;
import io.sluice.guest.testkit.Inventory;
import io.sluice.guest.testkit.Leftovers;
import io.sluice.vmm.machine.DeviceInfo;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.testkit.MachineRig;
import java.time.Duration;
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

/// Debian's stock kernel, whose pciehp runs two root ports: cards come, work, and go. One boot for all.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianHotPlugTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int AFTER_THE_CLAIMS = Order.DEFAULT + 1;

    private static final String CARD = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private static final String PLACE = "/sys/bus/pci/devices/0000:01:00.0";

    private static final String LOOP = "loop() { ( head -c $2 /dev/urandom > /tmp/s$1; exec 5<>/dev/$1;"
            + " stty 115200 raw -echo <&5; timeout 20 head -c $2 <&5 > /tmp/g$1 & cat /tmp/s$1 >&5; wait;"
            + " cmp /tmp/s$1 /tmp/g$1 && echo $1 $2 same ) }";
    /// What the guest's kernel has given to devices, and how many devices it knows.
    private static final String HELD =
            "cat /proc/iomem /proc/ioports; cut -d: -f1 /proc/interrupts | sort; ls /sys/bus/pci/devices /dev";

    private final MachineRig machine = MachineRig.start(config());
    private GuestShell shell;
    private int heard;

    private static MachineConfig config() {
        return GuestShell.config(
                List.of(
                        new Part("pcie-root-port", Map.of("id", "rp1", "chassis", "1", "slot", "1")),
                        new Part("pcie-root-port", Map.of("id", "rp2", "chassis", "1", "slot", "2"))),
                "button",
                "evdev");
    }

    @BeforeAll
    void boot() {
        shell = new GuestShell(machine);
        shell.ask(LOOP);
    }

    @AfterAll
    void end() {
        shell.close();
    }

    /// What became of devices that was not heard before.
    private List<String> news() {
        return machine.deviceEvents().subList(heard, machine.deviceEvents().size());
    }

    private String awaitEvent() {
        await().atMost(SOON).until(() -> !news().isEmpty());
        return machine.deviceEvents().get(heard++);
    }

    private void plug() {
        shell.tell(running -> running.addObject(new Part("mdev", Map.of("id", "m0", "type", "mtty-2", "uuid", CARD))));
        shell.tell(running -> running.addDevice(
                new Part("vfio-pci", Map.of("id", "n0", "bus", "rp1", "sysfsdev", "/sys/bus/mdev/devices/" + CARD))));
    }

    private void isUp() {
        assertThat(shell.ask("until_ '[ -e " + PLACE + "/tty/ttyS2 ]'")).isEqualTo("yes");
        assertThat(shell.ask("loop ttyS1 300; loop ttyS2 300")).isEqualTo("ttyS1 300 same\nttyS2 300 same");
    }

    private void unplug() {
        shell.tell(running -> running.unplugDevice("n0"));
        assertThat(awaitEvent()).isEqualTo("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
        shell.tell(running -> running.removeObject("m0"));
    }

    @Test
    void theKernelRunsHotPlugByItself() {
        assertThat(shell.ask("dmesg | grep -c 'pciehp.*AttnBtn+ PwrCtrl+ MRL- AttnInd+ PwrInd+ HotPlug+ Surprise-'"))
                .isEqualTo("2");
        assertThat(shell.ask("dmesg | grep -o '_OSC: OS now controls.*'")).contains("PCIeHotplug", "PCIeCapability");
        assertThat(shell.ask("cat /sys/bus/pci/slots/1/address /sys/bus/pci/slots/1/adapter"))
                .isEqualTo("0000:01:00\n0");
    }

    @Test
    void aCardComesWorksAndGoesTwice() {
        for (int i = 0; i < 2; i++) {
            plug();
            isUp();
            assertThat(shell.ask("cat /sys/bus/pci/slots/1/power")).isEqualTo("1");
            assertThatThrownBy(() -> shell.tell(running -> running.removeObject("m0")))
                    .isInstanceOf(PluginException.class)
                    .hasMessage("object 'm0' is in use, can not be deleted");
            unplug();
            assertThat(shell.ask("until_ '[ ! -e " + PLACE + " ]'")).isEqualTo("yes");
            assertThat(shell.ask("grep -c 16550A /proc/tty/driver/serial")).isEqualTo("1");
        }
        assertThat(machine.ask(Machine::devices)).extracting(DeviceInfo::id).containsExactly("rp1", "rp2");
    }

    @Test
    void aGuestThatSwitchesTheSlotByItselfKeepsTheCard() {
        plug();
        isUp();

        shell.ask("echo 0 > /sys/bus/pci/slots/1/power");
        assertThat(shell.ask("ls " + PLACE + " 2>&1; cat /sys/bus/pci/slots/1/adapter"))
                .endsWith("\n1");
        shell.ask("echo 1 > /sys/bus/pci/slots/1/power");

        isUp();
        assertThat(news()).isEmpty();
        unplug();
    }

    /// An output that was stopped by XOFF keeps the last close of a port waiting for 30 seconds, and that keeps the
    /// removal of its driver waiting.
    @Test
    void aDriverThatIsStuckLeavesTheMachineAlive() {
        plug();
        isUp();
        shell.ask(
                "( exec 5<>/dev/ttyS1; stty 115200 raw -echo ixon <&5; printf '\\023' >&5; sleep 1; printf stuck >&5 ) & true");
        shell.ask("sleep 2");

        shell.tell(running -> running.unplugDevice("n0"));
        assertThatThrownBy(() -> shell.tell(running -> running.unplugDevice("n0")))
                .hasMessage("Device n0 is already in the process of unplug");
        shell.ask("sleep 8");
        assertThat(news()).isEmpty();
        assertThatThrownBy(() -> shell.tell(running -> running.unplugDevice("n0")))
                .hasMessage("Hot-unplug failed: guest is busy (power indicator blinking)");
        assertThat(shell.ask("ls -d " + PLACE)).isEqualTo(PLACE);
        assertThat(shell.ask("echo alive")).isEqualTo("alive");

        assertThat(awaitEvent()).isEqualTo("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
        shell.tell(running -> running.removeObject("m0"));
    }

    /// Nobody hears the button: the request stands until somebody does, and can be made again.
    @Test
    void aGuestWithoutItsHotPlugDriverKeepsTheCardUntilItIsBack() {
        plug();
        isUp();
        var port = shell.ask("cd /sys/bus/pci_express/drivers/pciehp; ls -d 0000:00:*");
        shell.ask("for p in " + port.replace('\n', ' ') + "; do echo $p > unbind; done");

        shell.tell(running -> running.unplugDevice("n0"));
        assertThatThrownBy(() -> shell.tell(running -> running.unplugDevice("n0")))
                .hasMessage("Device n0 is already in the process of unplug");
        shell.ask("sleep 6");
        shell.tell(running -> running.unplugDevice("n0"));
        assertThat(news()).isEmpty();
        assertThat(shell.ask("loop ttyS1 300")).isEqualTo("ttyS1 300 same");

        shell.ask("for p in " + port.replace('\n', ' ') + "; do echo $p > bind; done; cd /");
        shell.ask("until_ '[ -e /sys/bus/pci/slots/1/power ]'; echo 0 > /sys/bus/pci/slots/1/power");
        assertThat(awaitEvent()).isEqualTo("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
        shell.tell(running -> running.removeObject("m0"));
    }

    /// The vCPU stands still, so that no driver can answer.
    @Test
    void aGuestThatStandsStillLetsGoWhenItRunsAgain() throws InterruptedException {
        plug();
        isUp();
        machine.ask(Machine::pause);

        shell.tell(running -> running.unplugDevice("n0"));
        Thread.sleep(6000); // longer than a request may stand in the guest's time, which stands still as well
        assertThatThrownBy(() -> shell.tell(running -> running.unplugDevice("n0")))
                .hasMessage("Device n0 is already in the process of unplug");
        assertThat(news()).isEmpty();
        machine.ask(Machine::resume);

        assertThat(awaitEvent()).isEqualTo("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
        shell.tell(running -> running.removeObject("m0"));
    }

    @Test
    void thePowerButtonIsAKeyToTheStockKernel() {
        shell.ask(
                "key=/dev/input/$(grep -A5 'Power Button' /proc/bus/input/devices | grep -o 'event[0-9]*' | head -n 1)");
        shell.ask("killall acpid"); // which would switch the machine off
        shell.ask("exec 7< $key"); // from now on it keeps what happens

        shell.tell(Machine::pressPowerButton);

        // Of struct input_event: EV_KEY, KEY_POWER, pressed.
        assertThat(shell.ask("timeout 60 head -c 24 <&7 | od -An -tx1 | tr -d '\\n' | cut -c49-; exec 7<&-"))
                .isEqualTo(" 01 00 74 00 01 00 00 00");
        assertThat(shell.ask("cat /sys/firmware/acpi/interrupts/ff_pwr_btn")).containsPattern("^ *1 +EN +enabled");
    }

    /// `-Dsluice.hotplug.times=200` for more. The guest's user switches the slot off himself, for its driver would
    /// wait for five seconds.
    @Test
    @Timeout(1800)
    void theSameCardManyTimesLeavesNothing() {
        int times = Integer.getInteger("sluice.hotplug.times", 8);
        comeAndGo();
        var inGuest = shell.ask(HELD);
        var leftovers = Leftovers.now();
        var inventory = Inventory.of(machine);

        for (int i = 0; i < times; i++) {
            comeAndGo();
        }

        assertThat(Inventory.of(machine).differences(inventory)).isEmpty();
        assertThat(leftovers.since()).isEmpty();
        assertThat(shell.ask(HELD)).isEqualTo(inGuest);
        plug();
        isUp();
        unplug();
    }

    private void comeAndGo() {
        plug();
        assertThat(shell.ask("until_ '[ -e " + PLACE + "/tty/ttyS2 ]'; loop ttyS2 20"))
                .isEqualTo("yes\nttyS2 20 same");
        shell.tell(running -> running.unplugDevice("n0"));
        shell.ask("echo 0 > /sys/bus/pci/slots/1/power");
        assertThat(awaitEvent()).isEqualTo("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
        shell.tell(running -> running.removeObject("m0"));
        assertThat(shell.ask("until_ '[ ! -e " + PLACE + " ]'")).isEqualTo("yes");
    }

    @Test
    @Order(AFTER_THE_CLAIMS)
    void theKernelHasNoComplaint() {
        assertThat(KernelLog.complaints(shell.ask("dmesg"))).isEmpty();
    }
}
