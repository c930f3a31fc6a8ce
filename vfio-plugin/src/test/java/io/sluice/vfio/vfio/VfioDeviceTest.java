package io.sluice.vfio.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class VfioDeviceTest {
    private static final int MASK = SetIrqs.ACTION_MASK;
    private static final int UNMASK = SetIrqs.ACTION_UNMASK;
    private static final int TRIGGER = SetIrqs.ACTION_TRIGGER;

    private final Recorder recorder = new Recorder();
    private final VfioDevice device = new VfioDevice(recorder, new DirectLoop().strand());
    private int intx;
    private int msi;

    /// Writes down each access as `r`/`w` region:offset/size.
    private static final class Recorder implements VfioDeviceOps {
        private final List<String> accesses = new ArrayList<>();

        @Override
        public List<VfioRegion> regions() {
            var all = new ArrayList<VfioRegion>();
            for (int i = 0; i < VfioRegion.PCI_REGIONS; i++) {
                all.add(i == 0 ? VfioRegion.trapped(32) : VfioRegion.absent());
            }
            return all;
        }

        @Override
        public int vectors(VfioIrq irq) {
            return switch (irq) {
                case INTX, ERR -> 1;
                case MSI -> 4;
                case MSIX, REQ -> 0;
            };
        }

        @Override
        public long read(int region, long offset, int size) {
            accesses.add("r" + region + ":" + offset + "/" + size);
            return -1;
        }

        @Override
        public void write(int region, long offset, int size, long value) {
            accesses.add("w" + region + ":" + offset + "/" + size);
        }

        @Override
        public void reset() {
            accesses.add("reset");
        }
    }

    private Errno refusal(Runnable request) {
        var refused = catchThrowableOfType(HostException.class, request::run);
        assertThat(refused).isNotNull();
        return refused.errno();
    }

    private void listenIntx() {
        device.setIrqs(SetIrqs.trigger(VfioIrq.INTX, 0, () -> intx++));
    }

    private void listenMsi() {
        device.setIrqs(SetIrqs.trigger(VfioIrq.MSI, 0, () -> msi++));
    }

    @Test
    void fileAccessesAreSplitAtNaturalAlignment() {
        device.read(3, new byte[16], 0, 14);
        device.write(30, new byte[16], 0, 16);

        assertThat(recorder.accesses).containsExactly("r0:3/1", "r0:4/4", "r0:8/8", "r0:16/1", "w0:30/2");
    }

    @Test
    void accessesEndWhereTheRegionEnds() {
        assertThat(device.read(28, new byte[16], 0, 16)).isEqualTo(4);
        assertThat(refusal(() -> device.read(32, new byte[1], 0, 1))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.read(VfioRegion.fileOffset(1), new byte[1], 0, 1)))
                .isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.write(-1, new byte[1], 0, 1))).isEqualTo(Errno.EINVAL);
        assertThat(device.load(0, 31, 2)).isEqualTo(-1);
    }

    @Test
    void infoIsAsTheInterfaceSays() {
        assertThat(device.info()).isEqualTo(new VfioDevice.Info(3, 9, 5, List.of()));
        assertThat(device.regionInfo(7)).isEqualTo(new VfioDevice.RegionInfo(7, 0, 0, 7L << 40));
        assertThat(device.irqInfo(0)).isEqualTo(new VfioIrq.Info(7, 1));
        assertThat(device.irqInfo(1)).isEqualTo(new VfioIrq.Info(9, 4));
        assertThat(refusal(() -> device.irqInfo(2))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.irqInfo(5))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.regionInfo(9))).isEqualTo(Errno.EINVAL);
    }

    @ParameterizedTest
    @CsvSource({
        "64, 0, 0, 1, EINVAL", // an unknown flag
        "33, 5, 0, 1, EINVAL", // no such index
        "33, -1, 0, 1, EINVAL",
        "35, 1, 0, 1, EINVAL", // two data types
        "32, 1, 0, 1, EINVAL", // none
        "33, 1, 4, 1, EINVAL", // start beyond the vectors
        "33, 1, 3, 2, EINVAL",
        "33, 1, 0, -1, EINVAL",
        "33, 1, 2147483647, 2147483647, EINVAL",
        "36, 1, 0, 4, EINVAL", // too little data
        "34, 1, 0, 4, EINVAL",
        "57, 0, 0, 1, EINVAL", // three actions
        "1, 0, 0, 1, EINVAL", // no action
        "33, 2, 0, 1, EINVAL", // no such interrupt here
        "9, 1, 0, 1, ENOTTY", // MSI cannot be masked
        "17, 1, 0, 1, ENOTTY",
        "9, 3, 0, 1, ENOTTY", // nor can errors
        "12, 0, 0, 1, EINVAL", // INTX is not in use
        "9, 0, 0, 1, EINVAL", // INTX is not in use
        "33, 0, 0, 1, EINVAL"
    })
    void aBadRequestIsRefusedAsTheInterfaceSays(int flags, int index, int start, int count, Errno errno) {
        var request = new SetIrqs(flags, index, start, count, List.of(true), List.of(() -> {}));

        assertThat(refusal(() -> device.setIrqs(request))).isEqualTo(errno);
    }

    @Test
    void intxSignalsOnceAndIsMaskedUntilTheUserUnmasks() {
        listenIntx();

        device.interrupts().intx(true);
        device.interrupts().intx(true);
        int first = intx;
        device.setIrqs(SetIrqs.none(UNMASK, VfioIrq.INTX, 0, 1));
        int stillUp = intx;
        device.interrupts().intx(false);
        device.setIrqs(SetIrqs.none(UNMASK, VfioIrq.INTX, 0, 1));

        assertThat(first).isEqualTo(1);
        assertThat(stillUp).isEqualTo(2);
        assertThat(intx).isEqualTo(2);
    }

    @Test
    void anInterruptWhileMaskedIsHeardAtUnmask() {
        listenIntx();
        device.setIrqs(SetIrqs.bools(MASK, VfioIrq.INTX, 0, true));

        device.interrupts().intx(true);
        int masked = intx;
        device.setIrqs(SetIrqs.bools(UNMASK, VfioIrq.INTX, 0, false));
        int untouched = intx;
        device.setIrqs(SetIrqs.bools(UNMASK, VfioIrq.INTX, 0, true));

        assertThat(masked).isZero();
        assertThat(untouched).isZero();
        assertThat(intx).isEqualTo(1);
    }

    @Test
    void aLevelThatWasUpBeforeIsHeardWhenSomebodyListens() {
        device.interrupts().intx(true);

        listenIntx();

        assertThat(intx).isEqualTo(1);
    }

    @Test
    void onlyOneModeIsInUse() {
        listenIntx();
        var refused = refusal(this::listenMsi);
        device.setIrqs(SetIrqs.none(TRIGGER, VfioIrq.INTX, 0, 0));
        listenMsi();

        device.interrupts().intx(true);
        device.interrupts().message(VfioIrq.MSI, 0);
        device.interrupts().message(VfioIrq.MSI, 3);
        device.interrupts().message(VfioIrq.MSI, 9);

        assertThat(refused).isEqualTo(Errno.EINVAL);
        assertThat(intx).isZero();
        assertThat(msi).isEqualTo(1);
    }

    @Test
    void theUserMayTriggerWhatItListensTo() {
        listenMsi();

        device.setIrqs(SetIrqs.none(TRIGGER, VfioIrq.MSI, 0, 4));
        device.setIrqs(SetIrqs.bools(TRIGGER, VfioIrq.MSI, 0, true, true));
        device.setIrqs(SetIrqs.bools(TRIGGER, VfioIrq.MSI, 0, false));

        assertThat(msi).isEqualTo(2);
    }

    @Test
    void minusOneRemovesOneListener() {
        listenMsi();
        device.setIrqs(SetIrqs.trigger(VfioIrq.MSI, 0, new Eventfd[] {null}));

        device.interrupts().message(VfioIrq.MSI, 0);

        assertThat(msi).isZero();
    }

    @Test
    void afterReleaseNobodyListensAndTheDeviceIsReset() {
        listenIntx();

        device.release();
        device.interrupts().intx(true);

        assertThat(intx).isZero();
        assertThat(recorder.accesses).containsExactly("reset");
        listenMsi();
    }
}
