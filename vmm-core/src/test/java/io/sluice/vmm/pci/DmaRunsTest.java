package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.memory.HostBuffer;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.testkit.PciBoard;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class DmaRunsTest {
    private static final Bdf REQUESTER = Bdf.of(0, 3, 0);

    private final PciBoard board = new PciBoard();
    private final DmaTarget direct = DmaTarget.direct(board.memory);
    private final DmaRuns list = new DmaRuns(2);
    private final List<String> written = new ArrayList<>();

    @AfterEach
    void close() {
        board.close();
    }

    /// A target that can only copy.
    private final DmaTarget copying = new DmaTarget() {
        @Override
        public boolean read(Bdf requester, @Nullable Pasid pasid, Iova from, byte[] target, int offset, int length) {
            return direct.read(requester, pasid, from, target, offset, length);
        }

        @Override
        public boolean write(Bdf requester, @Nullable Pasid pasid, Iova to, byte[] source, int offset, int length) {
            return direct.write(requester, pasid, to, source, offset, length);
        }
    };

    private DmaTarget target(boolean copies) {
        return copies ? copying : direct;
    }

    private void piece(long at, int length) {
        list.add(new Iova(at), length);
    }

    @Test
    void piecesThatFollowOneAnotherAreOne() {
        piece(0x1000, 0x1000);
        piece(0x2000, 0x1000);
        piece(0x5000, 0x10);
        piece(0x2000, 0x10);

        assertThat(list.pieces()).isEqualTo(3);
        assertThat(list.pieceLength(0)).isEqualTo(0x2000);
        assertThat(list.bytes()).isEqualTo(0x2020);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatTheDeviceWritesIsInMemoryPieceByPiece(boolean copies) {
        piece(0x1FFC, 8);
        piece(0x4000, 8);

        try (var buffer = HostBuffer.allocate(16)) {
            HostMemory.putLong(buffer.base(), 0x1111_2222_3333_4444L);
            HostMemory.putLong(buffer.base() + 8, 0x55);
            boolean done = target(copies).access(REQUESTER, null, list, true, () -> list.copyFrom(buffer.base()));

            assertThat(done).isTrue();
        }
        assertThat(board.memory.read(0x1FFC, 8)).isEqualTo(0x1111_2222_3333_4444L);
        assertThat(board.memory.read(0x4000, 8)).isEqualTo(0x55);
        assertThat(list.runs()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsInMemoryIsReadPieceByPiece(boolean copies) {
        board.memory.write(0x3000, 8, 0x77);
        board.memory.write(0x8000, 8, 0x99);
        piece(0x8000, 8);
        piece(0x3000, 8);

        try (var buffer = HostBuffer.allocate(16)) {
            boolean done = target(copies).access(REQUESTER, null, list, false, () -> list.copyTo(buffer.base()));

            assertThat(done).isTrue();
            assertThat(HostMemory.getLong(buffer.base())).isEqualTo(0x99);
            assertThat(HostMemory.getLong(buffer.base() + 8)).isEqualTo(0x77);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {PciBoard.RAM_SIZE - 4, PciBoard.RAM_SIZE, 0xFFFF_FFFF_FFFF_F000L, Long.MIN_VALUE})
    void nothingIsTouchedUnlessAllOfItIsMemory(long bad) {
        board.memory.write(0x1000, 8, 0x1234);
        piece(0x1000, 8);
        piece(bad, 8);

        boolean done = direct.access(REQUESTER, null, list, true, () -> written.add("touched"));

        assertThat(done).isFalse();
        assertThat(written).isEmpty();
        assertThat(list.resolved()).isEqualTo(1);
        assertThat(board.memory.read(0x1000, 8)).isEqualTo(0x1234);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRequestWithAPasidIsUnsupported(boolean copies) {
        piece(0x1000, 8);

        assertThat(target(copies).access(REQUESTER, new Pasid(1), list, false, () -> written.add("touched")))
                .isFalse();
        assertThat(written).isEmpty();
    }

    @Test
    void whoRunsCodeFromThereHearsOfIt() {
        board.ram.watch().listen((page, first, last) -> written.add(page + ":" + first + ".." + last));
        board.ram.watch().mark(1);
        board.ram.watch().mark(2);
        piece(0x1FF0, 0x20);

        direct.access(REQUESTER, null, list, true, () -> {});
        direct.access(REQUESTER, null, list, false, () -> {});

        assertThat(written).containsExactly("1:4080..4095", "2:0..15");
    }
}
