package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.vfio.DeviceRequests.SetIrqsByFile;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// SET_IRQS by descriptors, as a process asks.
@Timeout(120)
class DeviceIrqConformanceTest {
    private static final int TRIGGER = SetIrqs.ACTION_TRIGGER;
    private static final int UNMASK = SetIrqs.ACTION_UNMASK;
    private static final int MASK = SetIrqs.ACTION_MASK;

    private final VfioRig rig = new VfioRig();
    private final TestDevice device = new TestDevice();
    private final VfioNode node = rig.register("0000:01:00.0", device);
    private final int fd = rig.openBound(node);
    private final int one = rig.newEventfd();
    private final int two = rig.newEventfd();

    @AfterEach
    void close() {
        rig.close();
    }

    private VfioInterrupts interrupts() {
        return node.device().interrupts();
    }

    private void none(int action, VfioIrq irq, int start, int count) {
        assertThat(rig.ask(fd, SetIrqsByFile.none(action, irq, start, count))).isZero();
    }

    private void trigger(VfioIrq irq, int start, Integer... eventfds) {
        assertThat(rig.ask(fd, SetIrqsByFile.trigger(irq, start, List.of(eventfds))))
                .isZero();
    }

    private void unmaskBy(int eventfd) {
        rig.ask(fd, new SetIrqsByFile(SetIrqs.DATA_EVENTFD | UNMASK, 0, 0, 1, List.of(), List.of(eventfd)));
        rig.loop.run();
    }

    @ParameterizedTest
    @CsvSource({"INTX, 7, 1", "MSI, 9, 4", "MSIX, 9, 8", "ERR, 9, 1", "REQ, 9, 1"})
    void infoIsAsTheTableSays(VfioIrq irq, int flags, int count) {
        var info = rig.ask(fd, new DeviceRequests.GetIrqInfo(irq.ordinal()));

        assertThat(info).isEqualTo(new VfioIrq.Info(flags, count));
    }

    @Test
    void infoOfWhatIsNotThereIsRefused() {
        refused(Errno.EINVAL, () -> rig.ask(fd, new DeviceRequests.GetIrqInfo(5)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new DeviceRequests.GetIrqInfo(-1)));
    }

    @ParameterizedTest
    @EnumSource(
            value = VfioIrq.class,
            names = {"MSI", "MSIX"})
    void enabledVectorsAreSilentUntilTheyAreTriggeredAndThenCountOnce(VfioIrq irq) {
        trigger(irq, 0, one, two);
        assertThat(rig.taken(one)).isZero();
        assertThat(rig.taken(two)).isZero();

        none(TRIGGER, irq, 1, 1);

        assertThat(rig.taken(one)).isZero();
        assertThat(rig.taken(two)).isEqualTo(1);
        none(TRIGGER, irq, 0, 0);
        interrupts().message(irq, 0);
        assertThat(rig.taken(one)).isZero();
        refused(Errno.EINVAL, () -> none(TRIGGER, irq, 0, 1));
    }

    @Test
    void badDescriptorsAreRefusedAndChangeNothing() {
        refused(Errno.EBADF, () -> trigger(VfioIrq.MSI, 0, one, 900));
        refused(Errno.EINVAL, () -> trigger(VfioIrq.MSI, 0, one, fd));

        interrupts().message(VfioIrq.MSI, 0);
        assertThat(rig.taken(one)).isZero();
        assertThat(interrupts().active()).isNull();
    }

    @Test
    void onlyOneModeIsInUseUntilItIsDisabled() {
        trigger(VfioIrq.INTX, 0, one);
        refused(Errno.EINVAL, () -> trigger(VfioIrq.MSI, 0, two));
        refused(Errno.EINVAL, () -> trigger(VfioIrq.MSIX, 0, two));

        none(TRIGGER, VfioIrq.INTX, 0, 0);
        trigger(VfioIrq.MSIX, 0, two);

        refused(Errno.EINVAL, () -> trigger(VfioIrq.INTX, 0, one));
    }

    @Test
    void vectorsThatDoNotGrowAreThoseThatWereEnabledFirst() {
        trigger(VfioIrq.MSIX, 0, one);
        refused(Errno.EINVAL, () -> trigger(VfioIrq.MSIX, 1, two));
        none(TRIGGER, VfioIrq.MSIX, 0, 0);

        device.grows = true;
        trigger(VfioIrq.MSIX, 0, one);
        trigger(VfioIrq.MSIX, 5, two);

        interrupts().message(VfioIrq.MSIX, 5);
        assertThat(rig.taken(two)).isEqualTo(1);
    }

    @Test
    void minusOneRemovesOneVector() {
        trigger(VfioIrq.MSI, 0, one, two);

        trigger(VfioIrq.MSI, 0, -1);
        none(TRIGGER, VfioIrq.MSI, 0, 4);

        assertThat(rig.taken(one)).isZero();
        assertThat(rig.taken(two)).isEqualTo(1);
    }

    @Test
    void messagesCannotBeMasked() {
        trigger(VfioIrq.MSI, 0, one);

        refused(Errno.ENOTTY, () -> none(MASK, VfioIrq.MSI, 0, 1));
        refused(Errno.ENOTTY, () -> none(UNMASK, VfioIrq.MSI, 0, 1));
        refused(Errno.ENOTTY, () -> none(MASK, VfioIrq.ERR, 0, 1));
        refused(Errno.ENOTTY, () -> none(MASK, VfioIrq.REQ, 0, 1));
    }

    @Test
    void intxMasksItselfAndAResampleEventfdUnmasksIt() {
        trigger(VfioIrq.INTX, 0, one);
        unmaskBy(two);
        interrupts().intx(true);
        interrupts().intx(true);
        assertThat(rig.taken(one)).isEqualTo(1);

        ((EventfdFile) rig.process.file(two)).signal();
        rig.loop.run();
        assertThat(rig.taken(one)).isEqualTo(1);

        interrupts().intx(false);
        ((EventfdFile) rig.process.file(two)).signal();
        rig.loop.run();
        assertThat(rig.taken(one)).isZero();
    }

    @Test
    void aResampleEventfdThatWasTakenAwayUnmasksNothing() {
        trigger(VfioIrq.INTX, 0, one);
        unmaskBy(two);
        unmaskBy(-1);
        interrupts().intx(true);
        rig.taken(one);

        ((EventfdFile) rig.process.file(two)).signal();
        rig.loop.run();

        assertThat(rig.taken(one)).isZero();
    }

    @Test
    void intxIsNotMaskedByAnEventfd() {
        trigger(VfioIrq.INTX, 0, one);

        refused(
                Errno.ENOTTY,
                () -> rig.ask(fd, new SetIrqsByFile(SetIrqs.DATA_EVENTFD | MASK, 0, 0, 1, List.of(), List.of(two))));
    }

    @Test
    void bothReasonsToBeMaskedCount() {
        trigger(VfioIrq.INTX, 0, one);
        interrupts().intxDisabled(true);
        none(MASK, VfioIrq.INTX, 0, 1);
        interrupts().intx(true);

        none(UNMASK, VfioIrq.INTX, 0, 1);
        assertThat(rig.taken(one)).isZero();
        interrupts().intxDisabled(false);
        assertThat(rig.taken(one)).isEqualTo(1);
    }

    @Test
    void errorsAreHeardBesideAnyMode() {
        trigger(VfioIrq.MSI, 0, one);
        trigger(VfioIrq.ERR, 0, two);

        none(TRIGGER, VfioIrq.ERR, 0, 1);
        assertThat(rig.taken(two)).isEqualTo(1);
        none(TRIGGER, VfioIrq.ERR, 0, 0);
        none(TRIGGER, VfioIrq.ERR, 0, 1);
        assertThat(rig.taken(two)).isZero();
    }

    @Test
    void closingTheFileEndsAll() {
        trigger(VfioIrq.MSI, 0, one);

        rig.process.close(fd);

        interrupts().message(VfioIrq.MSI, 0);
        assertThat(rig.taken(one)).isZero();
    }
}
