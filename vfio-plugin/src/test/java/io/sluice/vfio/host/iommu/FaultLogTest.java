package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
final class FaultLogTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE / 3);
    private final FaultLog log = new FaultLog(now::get);

    private final FaultLog.Sender sender = new FaultLog.Sender();

    private void fault() {
        log.tell(sender, new Bdf(8), 0, 0x1000, true, DmaFaults.Reason.NOT_PRESENT);
    }

    @Test
    void allWhoListenHear() {
        var heard = new ArrayList<String>();
        log.listen((requester, pasid, iova, write, reason) -> heard.add("one " + reason));
        log.listen((requester, pasid, iova, write, reason) -> heard.add("two " + iova));

        fault();

        assertThat(heard).containsExactly("one NOT_PRESENT", "two 4096");
    }

    @Test
    void aFloodIsToldInPart() {
        var heard = new AtomicLong();
        log.listen((requester, pasid, iova, write, reason) -> heard.incrementAndGet());

        for (int i = 0; i < 5 * FaultLog.MOST; i++) {
            fault();
        }
        assertThat(heard.get()).isEqualTo(FaultLog.MOST);
        assertThat(log.untold()).isEqualTo(4 * FaultLog.MOST);
        now.addAndGet(FaultLog.PAUSE_NANOS);
        fault();

        assertThat(heard.get()).isEqualTo(FaultLog.MOST + 1);
        assertThat(log.count()).isEqualTo(5 * FaultLog.MOST + 1);
    }

    @Test
    void oneThatFaultsAllTheTimeDoesNotHideAnother() {
        var heard = new ArrayList<Bdf>();
        log.listen((requester, pasid, iova, write, reason) -> heard.add(requester));
        for (int i = 0; i < 2 * FaultLog.MOST; i++) {
            fault();
            log.tellStranger(new Bdf(i), 0, 0, false);
        }

        log.tell(new FaultLog.Sender(), new Bdf(0xFFFF), 0, 0, false, DmaFaults.Reason.BLOCKED);

        assertThat(heard).hasSize(2 * FaultLog.MOST + 1).endsWith(new Bdf(0xFFFF));
    }

    @Test
    void whoIsDroppedHearsNothing() {
        var heard = new ArrayList<Bdf>();
        DmaFaults listener = (requester, pasid, iova, write, reason) -> heard.add(requester);
        log.listen(listener);
        log.drop(listener);

        fault();

        assertThat(heard).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aReasonIsItselfAgainFromWhereAnEntryWouldStand(DmaFaults.Reason reason) {
        assertThat(DmaFaults.Reason.of(reason.asEntry())).isEqualTo(reason);
        assertThat(reason.asEntry() & PageTable.PERMISSIONS).isZero();
        assertThat(reason.code()).isBetween(1, 0xFF);
    }
}
