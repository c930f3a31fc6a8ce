package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.DmaOperation.Progress;
import io.sluice.vfio.host.iommu.PageRequestGroup.Record;
import io.sluice.vfio.host.iommu.PageRequestGroup.Response;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.testkit.FakeLoop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Operations that wait for pages.
@Timeout(120)
final class PageRequestTest {
    private static final int PAGE = DmaRig.PAGE;
    private static final int PASID = 9;

    private final DmaRig rig = new DmaRig(64);
    private final IommuDevice device = rig.able(1);
    private final FakeLoop loop = new FakeLoop();
    private final List<PageRequestGroup> asked = new ArrayList<>();
    private final List<String> ends = new ArrayList<>();
    private final DmaOperation operation =
            new DmaOperation(loop.newStrand(), (which, whole) -> ends.add(whole + " " + which.moved()));
    private final byte[] bytes = new byte[40 * PAGE];

    @BeforeEach
    void set() {
        Arrays.fill(bytes, (byte) 7);
        device.group().set(PASID, rig.domain);
        device.onPageRequests(PASID, asked::add);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private Progress write(long iova, int length) {
        return device.dma().request(operation, PASID, iova, bytes, 0, length, true);
    }

    private void answer(int group, Response response) {
        asked.get(group).respond(response);
        loop.run();
    }

    @Test
    void whatIsThereIsMovedAtOnce() {
        rig.map(0x4000, 0, 2);

        assertThat(write(0x4800, PAGE)).isEqualTo(Progress.DONE);

        assertThat(operation.moved()).isEqualTo(PAGE);
        assertThat(rig.bytes(0, 0x800, 1)).containsExactly(7);
        assertThat(asked).isEmpty();
        loop.run();
        assertThat(ends).isEmpty();
    }

    @Test
    void whatIsMissingIsAskedForAsOneGroupAndTheOperationGoesOn() {
        rig.map(0x4000, 0, 1);
        rig.map(0x6000, 2, 1);

        assertThat(write(0x4000, 4 * PAGE)).isEqualTo(Progress.PENDING);

        assertThat(operation.isPending()).isTrue();
        assertThat(operation.moved()).isEqualTo(PAGE);
        assertThat(asked.getFirst().device()).isSameAs(device);
        assertThat(asked.getFirst().records())
                .containsExactly(
                        new Record(PASID, true, 0, Record.WRITE, 0x5000, false),
                        new Record(PASID, true, 0, Record.WRITE, 0x7000, true));
        rig.map(0x5000, 1, 1);
        rig.map(0x7000, 3, 1);
        answer(0, Response.SUCCESS);

        assertThat(ends).containsExactly("true " + 4 * PAGE);
        assertThat(rig.bytes(3, PAGE - 1, 1)).containsExactly(7);
        assertThat(rig.faults).isEmpty();
        assertThat(operation.isPending()).isFalse();
    }

    @Test
    void longOperationsAskAgainAsTheyGetAlong() {
        assertThat(write(0, 40 * PAGE)).isEqualTo(Progress.PENDING);
        for (int i = 0; i < 3; i++) {
            assertThat(asked).hasSize(i + 1);
            assertThat(asked.get(i).records()).hasSize(Math.min(16, 40 - 16 * i));
            rig.map((long) i * 16 * PAGE, i * 16, 16);
            answer(i, Response.SUCCESS);
        }

        assertThat(ends).containsExactly("true " + 40 * PAGE);
    }

    @Test
    void theAnswerNoEndsTheOperationWithoutAFault() {
        write(0x4000, PAGE);

        answer(0, Response.INVALID);

        assertThat(ends).containsExactly("false 0");
        assertThat(operation.failure()).isEqualTo(DmaFaults.Reason.PAGE_REFUSED);
        assertThat(rig.faults).isEmpty();
    }

    @Test
    void aPageThatNeverComesIsAskedForAFewTimes() {
        write(0x4000, PAGE);

        for (int i = 0; i < DmaOperation.MOST_TRIES; i++) {
            answer(i, Response.SUCCESS);
        }

        assertThat(asked).hasSize(DmaOperation.MOST_TRIES);
        assertThat(ends).containsExactly("false 0");
        assertThat(rig.faults).containsExactly("9 4000 write NOT_PRESENT");
    }

    @Test
    void onlyTheFirstAnswerCounts() {
        write(0x4000, PAGE);

        assertThat(asked.getFirst().respond(Response.INVALID)).isTrue();
        assertThat(asked.getFirst().respond(Response.SUCCESS)).isFalse();
        loop.run();

        assertThat(ends).containsExactly("false 0");
    }

    @Test
    void anAnswerOnTheSpotIsTakenAfterTheStrandWasLeft() {
        device.onPageRequests(PASID, group -> {
            rig.map(0x4000, 0, 1);
            group.respond(Response.SUCCESS);
        });

        assertThat(write(0x4000, PAGE)).isEqualTo(Progress.PENDING);
        assertThat(ends).isEmpty();
        loop.run();

        assertThat(ends).containsExactly("true " + PAGE);
    }

    @Test
    void aDetachRefusesWhatWasAskedForWithThatPasid() {
        device.group().set(4, rig.domain);
        device.onPageRequests(4, asked::add);
        var other = new DmaOperation(loop.newStrand(), (which, whole) -> ends.add("other " + whole));
        write(0x4000, PAGE);
        device.dma().request(other, 4, 0x4000, bytes, 0, 1, false);

        device.group().set(PASID, BlockingDomain.INSTANCE);
        loop.run();

        assertThat(ends).containsExactly("false 0");
        assertThat(asked.get(0).isAnswered()).isTrue();
        assertThat(asked.get(1).isAnswered()).isFalse();
        assertThat(asked.get(1).records()).containsExactly(new Record(4, true, 1, Record.READ, 0x4000, true));
    }

    @Test
    void aReplaceRefusesAndTheNextRequestAsksInTheNewDomain() {
        write(0x4000, PAGE);

        device.group().set(PASID, rig.newDomain());
        loop.run();

        assertThat(ends).containsExactly("false 0");
        assertThat(write(0x4000, PAGE)).isEqualTo(Progress.PENDING);
    }

    @Test
    void aQueueThatGoesRefusesAndThenMissesAreFaults() {
        write(0x4000, PAGE);

        device.onPageRequests(PASID, null);
        loop.run();

        assertThat(ends).containsExactly("false 0");
        assertThat(write(0x4000, PAGE)).isEqualTo(Progress.FAILED);
        assertThat(rig.faults).containsExactly("9 4000 write NOT_PRESENT");
    }

    @Test
    void aResetRefusesAndADeviceThatGoesToo() {
        write(0x4000, PAGE);
        device.group().stageReset();
        loop.run();
        device.group().endReset();
        write(0x4000, PAGE);
        rig.unit.remove(device);
        loop.run();

        assertThat(ends).containsExactly("false 0", "false 0");
        assertThat(write(0x4000, PAGE)).isEqualTo(Progress.FAILED);
        assertThat(operation.failure()).isEqualTo(DmaFaults.Reason.BLOCKED);
    }

    @Test
    void aCancelledOperationIsNotHeardOf() {
        write(0x4000, PAGE);
        operation.cancel();
        rig.map(0x4000, 0, 1);

        answer(0, Response.SUCCESS);

        assertThat(ends).isEmpty();
        assertThat(rig.bytes(0, 0, 1)).containsExactly(0);
        assertThat(write(0x4000, PAGE)).isEqualTo(Progress.DONE);
    }

    @Test
    void anAnswerToAnEarlierRequestIsVoid() {
        write(0x4000, PAGE);
        asked.getFirst().respond(Response.INVALID);
        operation.cancel();
        write(0x5000, PAGE);

        loop.run();

        assertThat(operation.isPending()).isTrue();
        assertThat(ends).isEmpty();
    }

    @Test
    void whatCanNotComeIsNotAskedFor() {
        device.group().set(PASID, BlockingDomain.INSTANCE);

        assertThat(write(0x4000, PAGE)).isEqualTo(Progress.FAILED);
        assertThat(device.dma().request(operation, 0, 0xFEE0_0000L, bytes, 0, 8, true))
                .isEqualTo(Progress.FAILED);

        assertThat(asked).isEmpty();
        assertThat(rig.faults).containsExactly("9 4000 write BLOCKED", "0 fee00000 write INTERRUPT_ADDRESS");
    }

    @Test
    void privilegeIsAskedForToo() {
        device.dma().request(operation, PASID | DmaContext.PRIVILEGED, 0x4000, bytes, 0, 1, false);

        assertThat(asked.getFirst().records())
                .containsExactly(new Record(PASID, true, 0, Record.READ | Record.PRIVILEGED, 0x4000, true));
    }

    @Test
    void asManyGroupsWaitAsThereAreNumbers() {
        var operations = new ArrayList<DmaOperation>();
        for (int i = 0; i <= PageRequester.MOST_GROUPS; i++) {
            operations.add(new DmaOperation(loop.newStrand(), (which, whole) -> ends.add("over")));
        }
        int waiting = 0;
        for (var each : operations) {
            waiting += device.dma().request(each, PASID, 0x4000, bytes, 0, 1, true) == Progress.PENDING ? 1 : 0;
        }

        assertThat(waiting).isEqualTo(PageRequester.MOST_GROUPS);
        assertThat(asked.stream()
                        .map(group -> group.records().getFirst().grpid())
                        .distinct())
                .hasSize(PageRequester.MOST_GROUPS);
        rig.unit.remove(device);
        loop.run();
        assertThat(ends).hasSize(PageRequester.MOST_GROUPS);
    }

    @Test
    void whoCannotAskIsNotListenedTo() {
        var noPri = rig.unit.add(
                new Bdf(0x20), List.of(), new IommuGroup(4), new DeviceTraits(20, true, true, false, true, List.of()));

        assertThat(catchThrowableOfType(HostException.class, () -> noPri.onPageRequests(1, asked::add))
                        .errno())
                .isEqualTo(Errno.EOPNOTSUPP);
        noPri.onPageRequests(1, null);
        rig.steps.failNth(1);
        assertThat(catchThrowableOfType(HostException.class, () -> device.onPageRequests(1, asked::add))
                        .errno())
                .isEqualTo(Errno.ENOMEM);
    }
}
