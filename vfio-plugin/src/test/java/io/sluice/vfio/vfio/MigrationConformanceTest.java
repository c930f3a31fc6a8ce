package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.MigrationState.ERROR;
import static io.sluice.vfio.vfio.MigrationState.PRE_COPY;
import static io.sluice.vfio.vfio.MigrationState.PRE_COPY_P2P;
import static io.sluice.vfio.vfio.MigrationState.RESUMING;
import static io.sluice.vfio.vfio.MigrationState.RUNNING;
import static io.sluice.vfio.vfio.MigrationState.RUNNING_P2P;
import static io.sluice.vfio.vfio.MigrationState.STOP;
import static io.sluice.vfio.vfio.MigrationState.STOP_COPY;
import static io.sluice.vfio.vfio.VfioFeature.GET;
import static io.sluice.vfio.vfio.VfioFeature.SET;
import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.DeviceRequests.Feature;
import io.sluice.vfio.vfio.FeatureData.DeviceState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Migration, version 2: the table, the walk, the streams.
@Timeout(120)
class MigrationConformanceTest {
    private static final int ALL = MigrationOps.STOP_COPY | MigrationOps.P2P | MigrationOps.PRE_COPY;

    private final VfioRig rig = new VfioRig();
    private final Mover mover = new Mover();
    private final TestDevice device = new TestDevice();
    private int fd;

    private static final class Mover implements MigrationOps, MigrationOps.Loader {
        int flags = ALL;
        final List<String> arcs = new ArrayList<>();

        @Nullable
        MigrationState failsAt;

        boolean broken;
        String state = "rest";
        final StringBuilder loaded = new StringBuilder();

        @Override
        public int flags() {
            return flags;
        }

        @Override
        public long stopCopyLength() {
            return 8;
        }

        @Override
        public void arc(MigrationState from, MigrationState to) {
            if (to == failsAt) {
                throw new HostException(Errno.EIO, "the device does not");
            }
            arcs.add(from + ">" + to);
        }

        @Override
        public boolean isBroken() {
            return broken;
        }

        @Override
        public byte[] preCopy() {
            return "head".getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public byte[] stopCopy(boolean rest) {
            return (rest ? state : "head" + state).getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public Loader loader() {
            loaded.setLength(0);
            return this;
        }

        @Override
        public void write(byte[] source, int offset, int length) {
            if (loaded.length() + length > 8) {
                throw new HostException(Errno.ENOMEM, "more than there is");
            }
            loaded.append(new String(source, offset, length, StandardCharsets.US_ASCII));
        }

        @Override
        public void finish() {
            if (loaded.length() != 8) {
                throw new HostException(Errno.EINVAL, "a short stream");
            }
            state = loaded.substring(4);
        }
    }

    MigrationConformanceTest() {
        device.migration = mover;
        fd = rig.openBound(rig.register("0000:01:00.0", device));
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private int set(MigrationState wanted) {
        var answer = rig.ask(fd, new Feature(2 | SET, new DeviceState(wanted.ordinal(), -1)));
        return ((DeviceState) answer).dataFd();
    }

    private MigrationState state() {
        var answer = (DeviceState) rig.ask(fd, new Feature(2 | GET));
        assertThat(answer.dataFd()).isEqualTo(-1);
        return MigrationState.values()[answer.state()];
    }

    private String read(int data) {
        var bytes = new byte[64];
        int count = rig.process.read(data, bytes, 0, bytes.length);
        return new String(bytes, 0, count, StandardCharsets.US_ASCII);
    }

    private void write(int data, String text) {
        var bytes = text.getBytes(StandardCharsets.US_ASCII);
        assertThat(rig.process.write(data, bytes, 0, bytes.length)).isEqualTo(bytes.length);
    }

    /// As section "next-step table" of the reference prints it.
    @ParameterizedTest
    @CsvSource({
        "STOP,         STOP, RUNNING_P2P, STOP_COPY, RESUMING, RUNNING_P2P, RUNNING_P2P, RUNNING_P2P",
        "RUNNING,      RUNNING_P2P, RUNNING, RUNNING_P2P, RUNNING_P2P, RUNNING_P2P, PRE_COPY, RUNNING_P2P",
        "STOP_COPY,    STOP, STOP, STOP_COPY, STOP, STOP, ERROR, ERROR",
        "RESUMING,     STOP, STOP, STOP, RESUMING, STOP, STOP, STOP",
        "RUNNING_P2P,  STOP, RUNNING, STOP, STOP, RUNNING_P2P, RUNNING, PRE_COPY_P2P",
        "PRE_COPY,     RUNNING, RUNNING, PRE_COPY_P2P, RUNNING, RUNNING, PRE_COPY, PRE_COPY_P2P",
        "PRE_COPY_P2P, RUNNING_P2P, RUNNING_P2P, STOP_COPY, RUNNING_P2P, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P",
        "ERROR,        ERROR, ERROR, ERROR, ERROR, ERROR, ERROR, ERROR"
    })
    void theTableIsTheReferences(
            MigrationState from,
            MigrationState stop,
            MigrationState running,
            MigrationState stopCopy,
            MigrationState resuming,
            MigrationState runningP2p,
            MigrationState preCopy,
            MigrationState preCopyP2p) {
        assertThat(MigrationArcs.table()[from.ordinal()])
                .containsExactly(ERROR, stop, running, stopCopy, resuming, runningP2p, preCopy, preCopyP2p);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5, 7})
    void everyStateThatADeviceHasIsReachedFromEveryOtherOrRefused(int flags) {
        for (var from : MigrationState.values()) {
            for (var wanted : MigrationState.values()) {
                boolean known = wanted != ERROR
                        && from != ERROR
                        && MigrationArcs.has(flags, wanted)
                        && MigrationArcs.has(flags, from)
                        && !(from == STOP_COPY && wanted.isPreCopy());
                if (known) {
                    int steps = 0;
                    for (var at = from; at != wanted; steps++) {
                        at = MigrationArcs.next(flags, at, wanted);
                        assertThat(MigrationArcs.has(flags, at)).isTrue();
                        assertThat(steps).isLessThan(8);
                    }
                } else {
                    refused(Errno.EINVAL, () -> MigrationArcs.next(flags, from, wanted));
                }
            }
        }
    }

    @Test
    void flagsAndSizeAreTold() {
        assertThat(rig.ask(fd, new Feature(1 | GET))).isEqualTo(new FeatureData.MigrationFlags(7));
        assertThat(rig.ask(fd, new Feature(9 | GET))).isEqualTo(new FeatureData.DataSize(8));
        refused(Errno.EINVAL, () -> rig.ask(fd, new Feature(1 | SET)));
    }

    @Test
    void aDeviceIsBroughtToWhereItIsWantedArcByArc() {
        int data = set(STOP_COPY);

        assertThat(mover.arcs).containsExactly("RUNNING>RUNNING_P2P", "RUNNING_P2P>STOP", "STOP>STOP_COPY");
        assertThat(state()).isEqualTo(STOP_COPY);
        assertThat(read(data)).isEqualTo("headrest");
        assertThat(read(data)).isEmpty();
    }

    @Test
    void unknownAndUnsupportedStatesAreRefused() {
        refused(Errno.EINVAL, () -> set(ERROR));
        refused(Errno.EINVAL, () -> rig.ask(fd, new Feature(2 | SET, new DeviceState(8, -1))));
        refused(Errno.EINVAL, () -> rig.ask(fd, new Feature(2 | SET, new DeviceState(-1, -1))));
        mover.flags = MigrationOps.STOP_COPY;
        refused(Errno.EINVAL, () -> set(PRE_COPY));
        refused(Errno.EINVAL, () -> set(RUNNING_P2P));
        set(STOP);

        assertThat(mover.arcs).containsExactly("RUNNING>STOP");
    }

    @Test
    void noWayLeadsFromStopCopyToPreCopy() {
        set(STOP_COPY);

        refused(Errno.EINVAL, () -> set(PRE_COPY));
        refused(Errno.EINVAL, () -> set(PRE_COPY_P2P));
        assertThat(state()).isEqualTo(STOP_COPY);
    }

    @Test
    void preCopyOffersWhatItHasPausesAndGoesOnInStopCopyByTheSameFile() {
        int data = set(PRE_COPY);
        assertThat(rig.ask(data, new MigrationFile.GetPrecopyInfo())).isEqualTo(new MigrationFile.PrecopyInfo(0, 4, 0));

        assertThat(read(data)).isEqualTo("head");
        refused(Errno.ENOMSG, () -> read(data));
        assertThat(rig.ask(data, new MigrationFile.GetPrecopyInfo()).initialBytes())
                .isZero();

        assertThat(set(STOP_COPY)).isEqualTo(-1);
        refused(Errno.EINVAL, () -> rig.ask(data, new MigrationFile.GetPrecopyInfo()));
        assertThat(read(data)).isEqualTo("rest");
        assertThat(read(data)).isEmpty();
        assertThat(mover.arcs).containsExactly("RUNNING>PRE_COPY", "PRE_COPY>PRE_COPY_P2P", "PRE_COPY_P2P>STOP_COPY");
    }

    @Test
    void pollSaysWhetherThereIsSomething() {
        int data = set(PRE_COPY);
        var file = (MigrationFile) rig.process.file(data);

        assertThat(file.isReady()).isTrue();
        read(data);
        assertThat(file.isReady()).isFalse();
        set(STOP_COPY);
        assertThat(file.isReady()).isTrue();
        set(RUNNING);
        assertThat(file.isReady()).isFalse();
    }

    @Test
    void preCopyWithoutP2pIsLegal() {
        mover.flags = MigrationOps.STOP_COPY | MigrationOps.PRE_COPY;

        int data = set(PRE_COPY);
        assertThat(set(STOP_COPY)).isEqualTo(-1);

        assertThat(read(data)).isEqualTo("headrest");
        assertThat(mover.arcs).containsExactly("RUNNING>PRE_COPY", "PRE_COPY>STOP_COPY");
    }

    @Test
    void aStateThatWasSavedIsLoadedByAnother() {
        int out = set(STOP_COPY);
        var saved = read(out);
        set(STOP);

        int in = set(RESUMING);
        write(in, saved.substring(0, 3));
        write(in, saved.substring(3, 4) + "new!");
        assertThat(set(RUNNING)).isEqualTo(-1);

        assertThat(mover.state).isEqualTo("new!");
        assertThat(state()).isEqualTo(RUNNING);
    }

    @Test
    void aShortStreamFailsTheArcAndALongOneTheWrite() {
        int in = set(RESUMING);
        write(in, "headre");

        refused(Errno.EINVAL, () -> set(RUNNING));
        assertThat(state()).isEqualTo(RESUMING);
        refused(Errno.ENOMEM, () -> write(in, "wxyz"));
        write(in, "st");
        set(RUNNING);
        assertThat(state()).isEqualTo(RUNNING);
    }

    @Test
    void aFileIsDeadWhenItsSessionIsOver() {
        int out = set(STOP_COPY);
        set(STOP);
        int in = set(RESUMING);

        refused(Errno.ENODEV, () -> read(out));
        refused(Errno.EINVAL, () -> read(in));
    }

    @Test
    void dataFilesAreStreams() {
        int data = set(STOP_COPY);

        refused(Errno.ESPIPE, () -> rig.process.read(data, 0L, new byte[4], 0, 4));
        refused(Errno.ESPIPE, () -> rig.process.write(data, 0L, new byte[4], 0, 4));
        refused(Errno.EINVAL, () -> write(data, "x"));
    }

    @Test
    void theWalkStopsAtTheArcThatFails() {
        mover.failsAt = STOP;
        int before = rig.process.descriptors().size();

        refused(Errno.EIO, () -> set(STOP_COPY));

        assertThat(state()).isEqualTo(RUNNING_P2P);
        assertThat(rig.process.descriptors()).hasSize(before);
        mover.failsAt = null;
        set(RUNNING);
        assertThat(state()).isEqualTo(RUNNING);
    }

    @Test
    void aDeviceThatIsBrokenIsInErrorUntilItIsReset() {
        mover.failsAt = STOP;
        mover.broken = true;

        refused(Errno.EIO, () -> set(STOP));

        assertThat(state()).isEqualTo(ERROR);
        refused(Errno.EINVAL, () -> set(RUNNING));
        rig.ask(fd, new DeviceRequests.Reset());
        assertThat(state()).isEqualTo(RUNNING);
    }

    @Test
    void aResetEndsEverySession() {
        int data = set(STOP_COPY);

        rig.ask(fd, new DeviceRequests.Reset());

        assertThat(state()).isEqualTo(RUNNING);
        refused(Errno.ENODEV, () -> read(data));
    }

    @Test
    void closingTheDeviceEndsEverySession() {
        int data = set(PRE_COPY);

        rig.process.close(fd);

        refused(Errno.ENODEV, () -> read(data));
    }

    @Test
    void wantingWhatIsThereIsNoSession() {
        assertThat(set(RUNNING)).isEqualTo(-1);
        set(PRE_COPY);
        assertThat(set(PRE_COPY)).isEqualTo(-1);
    }

    @Test
    void reinitIsForThoseWhoOptIn() {
        rig.ask(fd, new Feature(12 | SET));
        mover.flags = MigrationOps.STOP_COPY;

        refused(Errno.EINVAL, () -> rig.ask(fd, new Feature(12 | SET)));
    }

    @Test
    void aSessionThatHasNoDescriptorIsNotBegun() {
        rig.steps.fail("process.descriptor", 1, Errno.EMFILE);

        refused(Errno.EMFILE, () -> set(STOP_COPY));

        rig.steps.disarm();
        assertThat(state()).isEqualTo(RUNNING);
        assertThat(mover.arcs).isEmpty();
    }
}
