package io.sluice.vfio.invariants;

import static io.sluice.vfio.invariants.Auditor.hold;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Devices.Pin;
import io.sluice.vfio.invariants.Spaces.Area;
import io.sluice.vfio.invariants.Tally.Sender;
import io.sluice.vfio.mdev.MdevDma;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Devices that send all along, to random addresses and to those where something is or was; the model says where they
/// get.
final class Storm {
    private static final int WORD = 8;
    private static final int LIKELY = 32;

    private final Model model;
    private final Random random;
    private final Journal journal;
    private final byte[] word = new byte[WORD];
    private final long[] likely = new long[LIKELY];
    private int next;

    Storm(Model model, Random random, Journal journal) {
        this.model = model;
        this.random = random;
        this.journal = journal;
    }

    /// They send there more often from now on: to its first page, to its last, and behind.
    void likely(Area area) {
        likely[next++ % LIKELY] = area.first();
        likely[next++ % LIKELY] = area.end() - Model.PAGE;
        likely[next++ % LIKELY] = area.end();
    }

    /// A page: of what is mapped there, or right behind it; or where something was; or any.
    long page(NavigableMap<Long, Area> where) {
        int choice = random.nextInt(6);
        if (choice == 0) {
            return Model.PAGE * random.nextInt(RandomDriver.WINDOW);
        }
        var area = choice == 1 ? null : where.floorEntry(Model.PAGE * random.nextInt(RandomDriver.WINDOW));
        if (area == null) {
            return likely[random.nextInt(LIKELY)];
        }
        long pages = area.getValue().length() / Model.PAGE + (choice == 2 ? 1 : 0);
        return area.getKey() + Model.PAGE * random.nextInt((int) pages);
    }

    private long address(long page) {
        return page + (long) WORD * random.nextInt((int) Model.PAGE / WORD);
    }

    /// Some functions send, an instance, a pin that may be dead.
    void blow(List<IommuDevice> functions) {
        for (int i = 0; i < 2; i++) {
            send(functions.get(random.nextInt(functions.size())), random.nextInt(Auditor.PASIDS));
        }
        for (int i = 0; i < 2; i++) {
            sendAttached(functions);
        }
        for (int i = 0; i < 2; i++) {
            transferAttached();
        }
        for (var node : model.nodes) {
            if (!node.pins.isEmpty()) {
                use(node.pins.get(random.nextInt(node.pins.size())));
            }
        }
    }

    /// From one that is attached, if it is not hard to find.
    private void sendAttached(List<IommuDevice> functions) {
        for (int i = 0; i < 4; i++) {
            var device = functions.get(random.nextInt(functions.size()));
            var attached = model.group(device.group()).attachments;
            if (!attached.isEmpty()) {
                var pasid = attached.floorKey(random.nextInt(Auditor.PASIDS));
                send(device, pasid == null ? attached.firstKey() : pasid);
                return;
            }
        }
    }

    /// From an instance that is attached, if it is not hard to find.
    private void transferAttached() {
        for (int i = 0; i < 4 && !model.nodes.isEmpty(); i++) {
            var node = model.nodes.get(random.nextInt(model.nodes.size()));
            if (node.dma != null && (i == 3 || node.attached || !node.pasids.isEmpty())) {
                transfer(node, node.dma);
                return;
            }
        }
    }

    private void send(IommuDevice device, int pasid) {
        var areas = model.areas(device, pasid);
        long iova = address(page(areas));
        boolean writes = writes();
        boolean got = writes
                ? device.dma().write(pasid, iova, word, 0, WORD)
                : device.dma().read(pasid, iova, word, 0, WORD);
        journal.sent(sender(device, pasid), pasid, iova, writes, got);
        settle(device, pasid, iova, writes, got, Area.at(areas, iova));
    }

    private void transfer(Node node, MdevDma dma) {
        int any = random.nextInt(Auditor.PASIDS);
        var near = random.nextInt(4) == 0 ? Integer.valueOf(any) : node.pasids.ceiling(any);
        int pasid = near == null ? 0 : near;
        var areas = model.areas(node, pasid);
        long iova = address(page(areas));
        boolean writes = writes();
        boolean got = writes ? dma.write(pasid, iova, word, 0, WORD) : dma.read(pasid, iova, word, 0, WORD);
        journal.sent(Sender.INSTANCE, pasid, iova, writes, got);
        var area = Area.at(areas, iova);
        boolean maySeeNone = area != null && area.isDead() && node.iommu == null;
        settle(node.real, pasid, iova, writes, got, maySeeNone && !got ? null : area);
    }

    private void use(Pin pin) {
        long iova = address(pin.real.iova());
        boolean writes = writes();
        boolean got = writes ? pin.real.write(iova, word, 0, WORD) : pin.real.read(iova, word, 0, WORD);
        journal.sent(Sender.PIN, 0, iova, writes, got);
        settle("a pin", 0, iova, writes, got, pin.reached());
    }

    private Sender sender(IommuDevice device, int pasid) {
        if (model.gone.contains(device)) {
            return Sender.GONE;
        }
        if (pasid != 0) {
            return Sender.PASID;
        }
        return model.group(device.group()).owner == null ? Sender.HOST : Sender.FUNCTION;
    }

    private boolean writes() {
        boolean writes = random.nextBoolean();
        if (writes) {
            random.nextBytes(word);
        }
        return writes;
    }

    /// What was written is in the model too; what was read is as the model has it.
    private void settle(Object who, int pasid, long iova, boolean writes, boolean got, @Nullable Area area) {
        boolean should = area != null && (writes ? area.write() : area.read());
        hold(
                got == should,
                "I1, I2, I3",
                () -> who + (writes ? " wrote" : " read") + " by PASID " + pasid + " at 0x" + Long.toHexString(iova)
                        + (got ? " and did" : " and did not") + " get there; there should be " + area);
        var mem = area == null || !got ? null : area.mem();
        if (area == null || mem == null) {
            return;
        }
        int at = (int) (area.offset() + iova - area.first());
        if (writes) {
            System.arraycopy(word, 0, mem.bytes(), at, WORD);
        } else {
            hold(Arrays.equals(word, 0, WORD, mem.bytes(), at, at + WORD), "S10", () -> "read from elsewhere: " + area);
        }
    }

    /// A function sends while it is being reset: nothing may get anywhere.
    void inReset(IommuDevice device) {
        for (int pasid = 0; pasid < Auditor.PASIDS; pasid++) {
            var areas = model.areas(device, pasid);
            for (int i = 0; i < 4; i++) {
                long page = page(areas);
                Arrays.fill(word, (byte) 0x66);
                boolean got = device.dma().write(pasid, page, word, 0, WORD);
                journal.sent(Sender.RESET, pasid, page, true, got);
                hold(!got, "S10", () -> device + " got through while it was reset");
            }
        }
    }
}
