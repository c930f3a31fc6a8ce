package io.sluice.vfio.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.testkit.PciBoard;
import io.sluice.vmm.trace.Item;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a mediated device and its PCI function tell from creation to removal.
class ToldTest {
    private static final int DEVICE = 3;
    private static final int MSI = 0x50;
    private static final String UUID_TEXT = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    private final PciBoard board = new PciBoard();
    private final MdevBus bus = new MdevBus();

    @BeforeEach
    void register() {
        bus.register(new BellDriver());
        bus.trace(board.trace);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void live() {
        var instance = bus.create("bell-1", UUID_TEXT, board.loop::strand);
        var function = new GuestFunction("vfio-pci", instance.open()).function();
        board.host.add(Bdf.of(0, DEVICE, 0), function);
        board.host.assignResources();
        board.enable(DEVICE, 6);
        long base = board.bar(DEVICE, 0);
        board.memory.write(base, 4, 1);
        board.memory.read(base, 2);
        board.memory.write(base + 4, 4, 1);
        board.config(DEVICE, MSI + 4, 4, 0xFEE0_0000L);
        board.config(DEVICE, MSI + 12, 2, 0x41);
        board.config(DEVICE, MSI + 2, 2, 1);
        board.memory.write(base, 4, 2);
        bus.remove(UUID.fromString(UUID_TEXT));
        board.host.remove(function);
        instance.release();
    }

    @ParameterizedTest
    @EnumSource(
            value = Item.class,
            names = {"MDEV", "PCI"})
    void eachItemIsToldAsItsFileSays(Item item) {
        board.trace.set(item, true);

        live();

        Golden.check(
                "vfio-plugin/src/test/resources/told/" + item.text() + ".golden.txt",
                String.join("\n", board.told) + "\n");
    }

    @Test
    void withEverythingOffNothingIsTold() {
        live();

        assertThat(board.told).isEmpty();
    }
}
