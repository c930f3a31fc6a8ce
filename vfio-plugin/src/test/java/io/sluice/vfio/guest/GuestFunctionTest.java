package io.sluice.vfio.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioDeviceOps;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.testkit.PciBoard;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class GuestFunctionTest {
    private static final int DEVICE = 3;
    private static final String UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    private final PciBoard board = new PciBoard();
    private @Nullable MdevInstance bell;
    private long base;

    @BeforeEach
    void place() {
        var bus = new MdevBus();
        bus.register(new BellDriver());
        bell = bus.create("bell-1", UUID, board.loop::strand);
        var vfio = bell.open();
        board.host.add(Bdf.of(0, DEVICE, 0), new GuestFunction("vfio-pci", vfio).function());
        board.host.assignResources();
        board.enable(DEVICE, 6);
        base = board.bar(DEVICE, 0);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void ring(int causes) {
        board.memory.write(base, 4, causes);
    }

    private void quiet(int causes) {
        board.memory.write(base + 4, 4, causes);
    }

    @Test
    void whoHadADeviceDoesNotReachItWhenItIsAnothers() {
        var instance = Objects.requireNonNull(bell);
        ring(1);
        long mine = board.memory.read(base, 4);

        instance.release();
        var others = instance.open();
        others.store(0, 0, 4, 6);
        long seen = board.memory.read(base, 4);
        ring(1);
        quiet(7);
        board.config(DEVICE, 4, 2, 0);

        assertThat(mine).isEqualTo(1);
        assertThat(seen).isEqualTo(-1);
        assertThat(others.load(0, 0, 4)).isEqualTo(6);
        assertThat(others.interrupts().active()).isNull();
    }

    @Test
    void identityComesFromTheDeviceAndBarsHaveTheSizeItShows() {
        board.config(DEVICE, 0x10, 4, 0xFFFF_FFFFL);

        assertThat(board.config(DEVICE, 0x00, 4)).isEqualTo(0x00BE_1234);
        assertThat(board.config(DEVICE, 0x0B, 1)).isEqualTo(0xFF);
        assertThat(board.config(DEVICE, 0x3D, 1)).isEqualTo(1);
        assertThat(board.config(DEVICE, 0x10, 4)).isEqualTo(0xFFFF_F000);
        assertThat(board.config(DEVICE, 0x14, 4)).isZero();
    }

    @Test
    void msiAndVendorCapabilitiesAreShownAndOthersHidden() {
        assertThat(board.config(DEVICE, 0x34, 1)).isEqualTo(0x50);
        assertThat(board.config(DEVICE, 0x50, 4)).isEqualTo(0x0082_6805);
        assertThat(board.config(DEVICE, 0x68, 2)).isEqualTo(0x0009);
        assertThat(board.config(DEVICE, 0x70, 2)).isZero();
    }

    @Test
    void vendorBytesGoThroughAndTheBytesBetweenAreReadOnly() {
        board.config(DEVICE, 0x6B, 1, 0x99);
        board.config(DEVICE, 0xE0, 1, 0x11);

        assertThat(board.config(DEVICE, 0x6B, 1)).isEqualTo(0x99);
        assertThat(board.config(DEVICE, 0xE0, 1)).isEqualTo(0x77);
    }

    @Test
    void theLineFallsWithTheAccessThatRemovesTheLastCause() {
        ring(3);
        boolean up = board.lines[DEVICE];
        board.memory.read(base, 4);
        boolean looked = board.lines[DEVICE];
        quiet(1);
        boolean oneLeft = board.lines[DEVICE];
        quiet(2);

        assertThat(up).isTrue();
        assertThat(looked).isTrue();
        assertThat(oneLeft).isTrue();
        assertThat(board.lines[DEVICE]).isFalse();
        assertThat(board.rises[DEVICE]).isEqualTo(1);
    }

    @Test
    void eachNewCauseAfterQuietIsHeard() {
        for (int i = 0; i < 100; i++) {
            ring(1);
            quiet(1);
        }

        assertThat(board.rises[DEVICE]).isEqualTo(100);
        assertThat(board.lines[DEVICE]).isFalse();
    }

    @Test
    void interruptDisableHoldsTheLineAndLosesNothing() {
        board.enable(DEVICE, 0x406);
        ring(1);
        boolean held = board.lines[DEVICE];
        board.enable(DEVICE, 6);

        assertThat(held).isFalse();
        assertThat(board.lines[DEVICE]).isTrue();
    }

    @Test
    void withMsiOnMessagesReplaceTheLine() {
        board.config(DEVICE, 0x54, 4, 0xFEE0_0000L);
        board.config(DEVICE, 0x5C, 2, 0x51);
        ring(1);
        board.config(DEVICE, 0x52, 2, 1);
        boolean up = board.lines[DEVICE];

        ring(2);
        int messages = board.messages.size();
        board.config(DEVICE, 0x52, 2, 0);

        assertThat(up).isFalse();
        assertThat(messages).isEqualTo(1);
        assertThat(board.messages.get(0)).isEqualTo(new PciBoard.Message(0xFEE0_0000L, 0x51));
        assertThat(board.lines[DEVICE]).isTrue();
    }

    @Test
    void aResetQuietsTheDevice() {
        ring(1);

        board.host.reset();
        board.host.assignResources();

        assertThat(board.lines[DEVICE]).isFalse();
        assertThat(board.memory.read(board.bar(DEVICE, 0), 4)).isZero();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aDeviceThatLiesAboutItsConfigurationSpaceMakesAFunctionAllTheSame(long seed) {
        var random = new Random(seed);
        var liar = new VfioDeviceOps() {
            @Override
            public List<VfioRegion> regions() {
                return Collections.nCopies(VfioRegion.PCI_REGIONS, VfioRegion.trapped(256));
            }

            @Override
            public int vectors(VfioIrq irq) {
                return irq == VfioIrq.MSI ? 4 : irq == VfioIrq.INTX ? 1 : 0;
            }

            @Override
            public long read(int region, long offset, int size) {
                return random.nextBoolean() ? random.nextLong() : random.nextInt(256);
            }

            @Override
            public void write(int region, long offset, int size, long value) {}

            @Override
            public void reset() {}
        };

        for (int i = 0; i < 500; i++) {
            var function = new GuestFunction("vfio-pci", new VfioDevice(liar, new DirectLoop().strand())).function();
            for (int offset = 0; offset < 256; offset += 4) {
                function.configWrite(offset, 4, random.nextInt());
                function.configRead(offset, 4);
            }
        }
    }
}
