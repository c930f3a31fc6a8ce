package io.sluice.vfio.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every mediated device, whatever its user does. Each driver's tests extend it.
@Timeout(120)
public abstract class MdevContract {
    private static final int ACCESSES = 20_000;

    protected final DirectLoop loop = new DirectLoop();
    protected final MdevBus bus = new MdevBus();

    protected abstract MdevDriver driver();

    @BeforeEach
    void register() {
        bus.register(driver());
    }

    private List<String> types() {
        return bus.types().stream().map(MdevBus.TypeInfo::name).toList();
    }

    private MdevInstance create(String type) {
        return bus.create(type, UUID.randomUUID().toString(), loop::strand);
    }

    private int available(String type) {
        return bus.types().stream()
                .filter(t -> t.name().equals(type))
                .findFirst()
                .orElseThrow()
                .available();
    }

    private static byte[] config(VfioDevice device) {
        var bytes = new byte[255];
        device.read(VfioRegion.fileOffset(VfioRegion.CONFIG), bytes, 0, bytes.length);
        return bytes;
    }

    static LongStream seeds() {
        return LongStream.range(1, 5);
    }

    @Test
    void everyTypeHasTheRegionsOfAPciDevice() {
        assertThat(types()).isNotEmpty().allSatisfy(type -> {
            var device = create(type).open();
            assertThat(device.info().regions()).isGreaterThanOrEqualTo(VfioRegion.PCI_REGIONS);
            assertThat(device.regionInfo(VfioRegion.CONFIG).size()).isIn(255L, 256L, 4096L);
            assertThat(config(device)[0x0E] & 0x7F).isZero();
        });
    }

    @Test
    void everyTypeCanBeMadeAsOftenAsItSaysAndGivesEverythingBack() {
        assertThat(types()).allSatisfy(type -> {
            int room = available(type);
            var all = IntStream.range(0, Math.min(room, 64))
                    .mapToObj(i -> create(type))
                    .toList();
            assertThat(available(type)).isEqualTo(room - all.size());
            assertThatCode(() -> {
                        if (room <= 64) {
                            create(type);
                        } else {
                            throw new HostException(io.sluice.vfio.host.Errno.ENOSPC, "not tried");
                        }
                    })
                    .isInstanceOf(HostException.class);
            all.forEach(i -> bus.remove(i.uuid()));
            assertThat(available(type)).isEqualTo(room);
        });
    }

    @Test
    void instancesShareNothing() {
        assertThat(types()).allSatisfy(type -> {
            var first = create(type);
            var second = create(type);
            var one = first.open();
            var other = second.open();
            var before = config(other);
            one.write(VfioRegion.fileOffset(VfioRegion.CONFIG) + 0x10, new byte[] {0x5A, 0x5A, 0x5A, 0x5A}, 0, 4);
            one.write(VfioRegion.fileOffset(VfioRegion.CONFIG) + 0x3C, new byte[] {0x5A}, 0, 1);
            assertThat(config(other)).isEqualTo(before);
            first.release();
            second.release();
            bus.remove(first.uuid());
            bus.remove(second.uuid());
        });
    }

    @Test
    void aResetBringsBackConfigurationSpaceAndQuiet() {
        assertThat(types()).allSatisfy(type -> {
            var device = create(type).open();
            var before = config(device);
            hammer(device, new Random(7));
            device.reset();
            loop.run();
            assertThat(config(device)).isEqualTo(before);
            var heard = new boolean[1];
            file(() -> device.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, VfioIrq.INTX, 0, 0)));
            file(() -> device.setIrqs(SetIrqs.trigger(VfioIrq.INTX, 0, () -> heard[0] = true)));
            assertThat(heard[0]).isFalse();
        });
    }

    @Test
    void whatCanBeMappedIsWholePagesOfMemoryInsideItsRegion() {
        assertThat(types()).allSatisfy(type -> {
            var device = create(type).open();
            for (int region = 0; region < device.info().regions(); region++) {
                for (var area : device.mappable(region)) {
                    assertThat(area.offset() + area.length())
                            .isLessThanOrEqualTo(device.regionInfo(region).size());
                    assertThat(device.mmap(region, area.offset(), area.length()).length())
                            .isEqualTo(area.length());
                }
            }
        });
    }

    @Test
    void memoryIsTheInstancesOwnAndGoesWithIt() {
        assertThat(types()).allSatisfy(type -> {
            var instance = create(type);
            var device = instance.open();
            var mapped = device.mappable(0).stream()
                    .map(area -> device.mmap(0, area.offset(), area.length()))
                    .toList();
            mapped.forEach(memory -> memory.ram().put(memory.offset(), 4, 0x5EC2E7));
            instance.release();
            var next = instance.open();
            mapped.forEach(
                    memory -> assertThat(next.load(0, memory.offset(), 4)).isNotEqualTo(0x5EC2E7));
            instance.release();
            assertThat(bus.remove(instance.uuid())).isTrue();
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void hostileUsersGetOnlyRefusals(long seed) {
        assertThat(types()).allSatisfy(type -> {
            var device = create(type).open();
            var random = new Random(seed);
            assertThatCode(() -> hammer(device, random)).doesNotThrowAnyException();
        });
    }

    private void hammer(VfioDevice device, Random random) {
        var buffer = new byte[32];
        for (int i = 0; i < ACCESSES; i++) {
            int region = random.nextInt(VfioRegion.PCI_REGIONS);
            long offset = random.nextInt(8) == 0 ? random.nextLong(1L << 40) : random.nextInt(300);
            int size = 1 << random.nextInt(4);
            switch (random.nextInt(8)) {
                case 0 ->
                    file(() -> device.read(VfioRegion.fileOffset(region) + offset, buffer, 0, random.nextInt(32)));
                case 1 -> {
                    random.nextBytes(buffer);
                    file(() -> device.write(VfioRegion.fileOffset(region) + offset, buffer, 0, random.nextInt(32)));
                }
                case 2 -> device.load(region, offset, size);
                case 3, 4 -> device.store(region, offset & 0xFF, size, random.nextLong());
                case 5 -> file(() -> device.setIrqs(request(random)));
                case 6 -> file(() -> ask(device, random));
                default -> loop.turn();
            }
        }
        file(() -> device.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, VfioIrq.MSI, 0, 0)));
    }

    private static void ask(VfioDevice device, Random random) {
        switch (random.nextInt(3)) {
            case 0 -> device.queryGfxPlane(new GfxPlane.Query(random.nextInt(8), random.nextInt(3)));
            case 1 -> device.getGfxDmaBuf(random.nextInt(4)).memory();
            default -> device.mmap(random.nextInt(20) - 1, random.nextInt(4) * 0x800L, random.nextLong(1L << 40));
        }
    }

    private static SetIrqs request(Random random) {
        return new SetIrqs(
                random.nextInt(64),
                random.nextInt(6) - 1,
                random.nextInt(4) - 1,
                random.nextInt(4) - 1,
                List.of(true, false),
                List.of(() -> {}, () -> {}));
    }

    /// A refusal is an answer; everything else is a failure.
    private static void file(Runnable request) {
        try {
            request.run();
        } catch (HostException e) {
            assertThat(e.errno()).isNotNull();
        }
    }
}
