package io.sluice.vfio.host.iommu;

import static io.sluice.vfio.host.iommu.GuestTables.A;
import static io.sluice.vfio.host.iommu.GuestTables.D;
import static io.sluice.vfio.host.iommu.GuestTables.EA;
import static io.sluice.vfio.host.iommu.GuestTables.P;
import static io.sluice.vfio.host.iommu.GuestTables.PS;
import static io.sluice.vfio.host.iommu.GuestTables.RW;
import static io.sluice.vfio.host.iommu.GuestTables.US;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.testkit.FakeLoop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class NestedDomainTest {
    private static final int PAGE = DmaRig.PAGE;
    /// Where the guest's memory begins in the parent, and in its pages the guest's tables.
    private static final long GUEST = 0x10_0000;
    private static final long DATA = GUEST + 32 * PAGE;
    private static final long VA = 0x7FFF_1234_5000L;
    private static final long ALL = P | RW | US;
    private static final int PASID = 9;

    private final DmaRig rig = new DmaRig(64);
    private final IommuDevice device = rig.able(1);
    private final PagingDomain parent = rig.unit.newPagingDomain(new DomainOptions(true, true, false));
    private GuestTables tables = new GuestTables(rig, parent, 4, GUEST);

    @BeforeEach
    void map() {
        // The second stage turns the order of the pages round.
        for (int i = 0; i < 64; i++) {
            rig.map(parent, GUEST + (long) i * PAGE, 63 - i, 1);
        }
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private GuestTables tables(int levels) {
        return new GuestTables(rig, parent, levels, GUEST);
    }

    private NestedDomain nest(int width, long flags) {
        var nested = rig.unit.newNestedDomain(parent, new StageOne(tables.root, width, flags));
        device.group().set(PASID, nested);
        return nested;
    }

    private NestedDomain nest() {
        return nest(48, 0);
    }

    private boolean reads(long address) {
        return device.dma().read(PASID, address, new byte[1], 0, 1);
    }

    private boolean writes(long address) {
        return device.dma().write(PASID, address, new byte[] {42}, 0, 1);
    }

    private int page(long guestAddress) {
        return 63 - (int) ((guestAddress - GUEST) / PAGE);
    }

    @Test
    void anAddressGoesThroughBothStages() {
        tables.map(VA, DATA, 0, ALL);
        nest();

        assertThat(writes(VA + 5)).isTrue();
        assertThat(reads(VA + 5)).isTrue();
        assertThat(reads(VA + PAGE)).isFalse();

        assertThat(rig.bytes(page(DATA), 5, 1)).containsExactly(42);
        assertThat(rig.faults).containsExactly("9 7fff12346000 read FIRST_STAGE_NOT_PRESENT");
    }

    @Test
    void fiveLevelsReachFartherThanFour() {
        long far = 0x00FF_0000_0000_3000L;
        tables = tables(5);
        tables.map(far, DATA, 0, ALL);
        tables.map(-PAGE, DATA + PAGE, 0, ALL);
        nest(57, 0);

        assertThat(writes(far)).isTrue();
        assertThat(writes(-PAGE)).isTrue();
        assertThat(reads(0x0100_0000_0000_0000L)).isFalse();

        assertThat(rig.bytes(page(DATA + PAGE), 0, 1)).containsExactly(42);
        assertThat(rig.faults).containsExactly("9 100000000000000 read NOT_CANONICAL");
    }

    @ParameterizedTest
    @CsvSource({"800000000000", "FFFF7FFFFFFFFFFF", "8000000000000000"})
    void anAddressThatIsNotCanonicalIsRefused(String address) {
        nest();

        assertThat(reads(Long.parseUnsignedLong(address, 16))).isFalse();
        assertThat(rig.faults).hasSize(1).allMatch(fault -> fault.endsWith("NOT_CANONICAL"));
    }

    @Test
    void theUpperHalfIsCanonicalToo() {
        long high = 0xFFFF_8000_0000_0000L;
        tables.map(high, DATA, 0, ALL);
        var nested = nest();

        assertThat(writes(high)).isTrue();
        tables.map(high, 0, 0, 0);
        nested.invalidate(high, 1, true);
        assertThat(reads(high)).isFalse();
    }

    @Test
    void largePagesAreTakenWherePartOfThemIsMapped() {
        tables.map(0x4000_0000L, 0x4000_0000L, 2, ALL | PS);
        tables.map(0x20_0000, 0x20_0000, 1, ALL | PS);
        rig.map(parent, 0x4020_1000L, 1, 1);
        rig.map(parent, 0x20_3000, 2, 1);
        nest();

        assertThat(writes(0x4020_1000L)).isTrue();
        assertThat(writes(0x20_3000)).isTrue();
        assertThat(writes(0x20_4000)).isFalse();

        assertThat(rig.bytes(1, 0, 1)).containsExactly(42);
        assertThat(rig.bytes(2, 0, 1)).containsExactly(42);
        assertThat(rig.faults).containsExactly("9 204000 write NOT_PRESENT");
    }

    // ---- what is not allowed

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3"})
    void theUsersBitCountsOnEveryLevel(int level) {
        tables.map(VA, DATA, 0, ALL);
        long at = tables.entryAt(VA, level);
        tables.put(at, tables.get(at) & ~US);
        nest();

        assertThat(reads(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 read SUPERVISOR_PAGE");
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3"})
    void theWriteBitCountsOnEveryLevel(int level) {
        tables.map(VA, DATA, 0, ALL);
        long at = tables.entryAt(VA, level);
        tables.put(at, tables.get(at) & ~RW);
        nest();

        assertThat(reads(VA)).isTrue();
        assertThat(writes(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 write WRITE_DENIED");
    }

    @Test
    void rightsAreThoseOfBothStages() {
        parent.unmap(new Iova(DATA), PAGE);
        parent.map(new Iova(DATA), rig.all.part(0, PAGE), true, false);
        tables.map(VA, DATA, 0, ALL);
        nest();

        assertThat(reads(VA)).isTrue();
        assertThat(writes(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 write NOT_ALLOWED");
    }

    @ParameterizedTest
    @CsvSource({
        "3, 0x80, FIRST_STAGE_RESERVED",
        "2, 0x2080, FIRST_STAGE_RESERVED",
        "1, 0x2080, FIRST_STAGE_RESERVED",
        "2, 0x1000000000000, FIRST_STAGE_TABLE_LIMIT",
        "1, 0x700000000000, FIRST_STAGE_TABLE",
        "0, 0x1000000000000, FIRST_STAGE_PAGE_LIMIT",
        "0, 0x700000000000, NOT_PRESENT"
    })
    void whatAnEntryMayNotSayIsAFault(int level, String bits, String reason) {
        tables.put(tables.entryAt(VA, level), Long.decode(bits) | ALL);
        nest();

        assertThat(reads(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 read " + reason);
    }

    @Test
    void aRootThatIsNotThereIsAFault() {
        var nowhere = rig.unit.newNestedDomain(parent, new StageOne(0x5000, 48, 0));
        device.group().set(PASID, nowhere);

        assertThat(reads(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 read FIRST_STAGE_ROOT");
    }

    // ---- supervisor's requests

    @Test
    void aSupervisorsRequestIsTakenOnlyIfTheStageSaysSo() {
        tables.map(VA, DATA, 0, P);
        nest();
        assertThat(device.dma().read(PASID | DmaContext.PRIVILEGED, VA, new byte[1], 0, 1))
                .isFalse();

        nest(48, StageOne.SUPERVISOR);

        assertThat(device.dma().read(PASID | DmaContext.PRIVILEGED, VA, new byte[1], 0, 1))
                .isTrue();
        assertThat(device.dma().write(PASID | DmaContext.PRIVILEGED, VA, new byte[1], 0, 1))
                .isTrue();
        assertThat(reads(VA)).isFalse();
        assertThat(rig.faults)
                .containsExactly("9 7fff12345000 read SUPERVISOR_BLOCKED", "9 7fff12345000 read SUPERVISOR_PAGE");
    }

    @Test
    void writeProtectionHoldsForTheSupervisorIfTheStageSaysSo() {
        tables.map(VA, DATA, 0, P);
        nest(48, StageOne.SUPERVISOR | StageOne.WRITE_PROTECT);

        assertThat(device.dma().read(PASID | DmaContext.PRIVILEGED, VA, new byte[1], 0, 1))
                .isTrue();
        assertThat(device.dma().write(PASID | DmaContext.PRIVILEGED, VA, new byte[1], 0, 1))
                .isFalse();
    }

    // ---- accessed and dirty

    @Test
    void aReadMarksEveryLevelAsAccessedAndAWriteThePageAsDirty() {
        tables.map(VA, DATA, 0, ALL);
        nest();

        reads(VA);
        assertThat(marks(3, 2, 1, 0)).containsExactly(A, A, A, A);
        writes(VA);
        assertThat(marks(3, 2, 1, 0)).containsExactly(A, A, A, A | D);
        assertThat(tables.get(tables.entryAt(VA, 0))).isEqualTo(DATA | ALL | A | D);
    }

    @Test
    void theExtendedAccessedBitComesOnlyWhenAskedFor() {
        tables.map(VA, DATA, 0, ALL);
        nest(48, StageOne.EXTENDED_ACCESSED);

        reads(VA);

        assertThat(marks(3, 2, 1, 0)).containsExactly(A | EA, A | EA, A | EA, A | EA);
    }

    @Test
    void aRefusedRequestMarksNothing() {
        tables.map(VA, DATA, 0, P | US);
        nest();

        writes(VA);

        assertThat(marks(3, 2, 1, 0)).containsExactly(0L, 0L, 0L, 0L);
    }

    private List<Long> marks(int... levels) {
        var marks = new ArrayList<Long>();
        for (int level : levels) {
            marks.add(tables.get(tables.entryAt(VA, level)) & (A | D | EA));
        }
        return marks;
    }

    @Test
    void tablesThatTheParentLetsBeReadOnlyCannotBeMarked() {
        tables.map(VA, DATA, 0, ALL);
        long leafTable = tables.entryAt(VA, 0) & -PAGE;
        int leafPage = page(leafTable);
        parent.unmap(new Iova(leafTable), PAGE);
        parent.map(new Iova(leafTable), rig.all.part((long) leafPage * PAGE, PAGE), true, false);
        nest();

        assertThat(reads(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 read FIRST_STAGE_ACCESSED");
        tables.put(tables.entryAt(VA, 0), DATA | ALL | A | D);
        assertThat(writes(VA)).isTrue();
    }

    @Test
    void markingIsAWriteThatDirtyTrackingAndTheCodeWatchHearOf() {
        tables.map(VA, DATA, 0, ALL);
        nest();
        parent.trackDirty(true);
        var told = new ArrayList<Integer>();
        rig.ram.watch().listen((page, first, last) -> told.add(page));
        rig.ram.watch().mark(page(tables.root));

        reads(VA);

        assertThat(told).containsExactly(page(tables.root));
        assertThat(dirty()).hasSize(4).contains(tables.root).doesNotContain(DATA);
        assertThat(dirty()).isEmpty();
        writes(VA);
        assertThat(dirty()).containsExactly(tables.entryAt(VA, 0) & -PAGE, DATA);
        writes(VA);
        assertThat(dirty()).containsExactly(DATA);
    }

    private List<Long> dirty() {
        var all = new ArrayList<Long>();
        parent.readDirty(new Iova(GUEST), 64 * PAGE, true, (iova, length) -> all.add(iova.bits()));
        return all;
    }

    // ---- invalidation

    @Test
    void whatTheGuestChangesIsInForceOnceInvalidated() {
        tables.map(VA, DATA, 0, ALL);
        tables.map(VA + PAGE, DATA + PAGE, 0, ALL);
        var nested = nest();
        writes(VA);
        writes(VA + PAGE);
        tables.map(VA, DATA + 2 * PAGE, 0, ALL);
        tables.map(VA + PAGE, 0, 0, 0);

        nested.invalidate(VA, 1, true);
        assertThat(writes(VA)).isTrue();
        assertThat(rig.bytes(page(DATA + 2 * PAGE), 0, 1)).containsExactly(42);
        assertThat(reads(VA + PAGE)).as("not asked for yet").isTrue();
        nested.invalidate(0, -1, false);
        assertThat(reads(VA + PAGE)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "0, -1",
        "0x7FFF12345000, 1",
        "0x7FFF12345000, 0x10000000000000",
        "0x7FFF00000000, 0x100000",
        "0, 0xFFFFFFFFFFFFF"
    })
    void aRangeIsAsLargeAsItSays(String address, String pages) {
        tables.map(VA, DATA, 0, ALL);
        var nested = nest();
        reads(VA);
        tables.map(VA, 0, 0, 0);

        nested.invalidate(Long.decode(address), Long.decode(pages), false);

        assertThat(reads(VA)).isFalse();
    }

    @Test
    void whatTheParentUnmapsIsGoneFromFirstStagesToo() {
        tables.map(VA, DATA, 0, ALL);
        var nested = nest();
        writes(VA);
        assertThat(parent.attachments()).isEqualTo(1);

        parent.unmap(new Iova(DATA), PAGE);

        assertThat(reads(VA)).isFalse();
        rig.map(parent, DATA, 0, 1);
        assertThat(writes(VA)).isTrue();
        assertThat(rig.bytes(0, 0, 1)).containsExactly(42);
        device.group().set(PASID, BlockingDomain.INSTANCE);
        assertThat(nested.attachments()).isZero();
        assertThat(parent.attachments()).isZero();
    }

    @Test
    void aTableThatTheParentUnmapsIsGoneToo() {
        tables.map(VA, DATA, 0, ALL);
        long table = tables.entryAt(VA, 0) & -PAGE;
        nest();
        writes(VA);

        parent.unmap(new Iova(table), PAGE);

        assertThat(reads(VA)).isFalse();
        assertThat(rig.faults).containsExactly("9 7fff12345000 read FIRST_STAGE_TABLE");
    }

    @Test
    void twoFirstStagesOnOneParentAreTwo() {
        tables.map(VA, DATA, 0, ALL);
        nest();
        var other = new GuestTables(rig, parent, 4, GUEST + 16 * PAGE);
        other.map(VA, DATA + PAGE, 0, ALL);
        device.group().set(4, rig.unit.newNestedDomain(parent, new StageOne(other.root, 48, 0)));

        assertThat(device.dma().write(4, VA, new byte[] {4}, 0, 1)).isTrue();
        assertThat(writes(VA)).isTrue();

        assertThat(rig.bytes(page(DATA), 0, 1)).containsExactly(42);
        assertThat(rig.bytes(page(DATA + PAGE), 0, 1)).containsExactly(4);
    }

    // ---- page requests

    @ParameterizedTest
    @CsvSource({"0", "3", "5"})
    void aPageThatTheGuestHasNotGivenYetIsAskedFor(long flags) {
        tables.map(VA, DATA, 0, ALL);
        tables.map(VA + PAGE, DATA + PAGE, 0, flags);
        nest();
        var loop = new FakeLoop();
        var asked = new ArrayList<PageRequestGroup>();
        var ends = new ArrayList<Boolean>();
        device.onPageRequests(PASID, asked::add);
        var operation = new DmaOperation(loop.newStrand(), (which, whole) -> ends.add(whole));

        var progress = device.dma().request(operation, PASID, VA, new byte[2 * PAGE], 0, 2 * PAGE, true);
        tables.map(VA + PAGE, DATA + PAGE, 0, ALL);
        asked.getFirst().respond(PageRequestGroup.Response.SUCCESS);
        loop.run();

        assertThat(progress).isEqualTo(DmaOperation.Progress.PENDING);
        assertThat(asked.getFirst().records())
                .containsExactly(
                        new PageRequestGroup.Record(PASID, true, 0, PageRequestGroup.Record.WRITE, VA + PAGE, true));
        assertThat(ends).containsExactly(true);
        assertThat(rig.faults).isEmpty();
    }

    @Test
    void whatIsWrongInTheTablesIsNotAskedFor() {
        tables.put(tables.entryAt(VA, 3), ALL | PS);
        nest();
        device.onPageRequests(PASID, group -> rig.faults.add("asked"));
        var operation = new DmaOperation(new FakeLoop().newStrand(), (which, whole) -> {});

        assertThat(device.dma().request(operation, PASID, VA, new byte[1], 0, 1, true))
                .isEqualTo(DmaOperation.Progress.FAILED);
        assertThat(rig.faults).containsExactly("9 7fff12345000 write FIRST_STAGE_RESERVED");
    }
}
