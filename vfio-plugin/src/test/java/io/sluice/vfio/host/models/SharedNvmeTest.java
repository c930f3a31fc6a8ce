package io.sluice.vfio.host.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostConfigException;
import io.sluice.vfio.host.pci.HostDriver;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// One NVMe device of the host whose virtual functions are controllers with a drive each.
@Timeout(120)
final class SharedNvmeTest {
    private static final int PAGE = 4096;
    private static final long ADMIN_SQ = 0;
    private static final long ADMIN_CQ = PAGE;
    private static final long DATA = 2 * PAGE;

    private final DirectLoop loop = new DirectLoop();
    private final Drives drives = new Drives();
    private final HostFrames frames = new HostFrames();
    private final GuestRam ram = GuestRam.allocate(16L * PAGE);
    private final HostFrames.Run memory = frames.add(ram);

    @TempDir
    private Path directory;

    @BeforeEach
    void makeDrives() throws IOException {
        for (int i = 0; i < 3; i++) {
            var file = directory.resolve("d" + i);
            Files.write(file, new byte[(i + 1) << 20]);
            drives.open("d" + i, file, false);
        }
    }

    @AfterEach
    void close() {
        drives.close();
        frames.remove(memory);
        ram.close();
    }

    private HostPci host(String sriov) {
        var config = HostConfig.read("""
                {"functions": [
                  {"name": "rp", "type": "root-port", "acs": true},
                  {"name": "disk", "type": "endpoint", "behind": "rp", "device": "nvme",
                   "properties": {"drive": "d0"}, "sriov": %s}]}""".formatted(sriov));
        return new HostPci(
                config,
                new HostPci.Ground(
                        frames, new Steps(), loop::strand, new HostModels(drives::find), groups(), Trace.none()));
    }

    private static Supplier<IommuGroup> groups() {
        var next = new AtomicInteger();
        return () -> new IommuGroup(next.getAndIncrement());
    }

    /// Has whatever NVMe device there is and enables virtual functions.
    private static final class Owner implements HostDriver {
        @Override
        public String name() {
            return "nvme";
        }

        @Override
        public boolean matches(HostFunction function) {
            return function.label().equals("disk");
        }

        @Override
        public boolean enablesVfs() {
            return true;
        }

        @Override
        public void probe(HostFunction function) {}

        @Override
        public void remove(HostFunction function) {}
    }

    private static HostFunction at(HostPci host, String name) {
        return Objects.requireNonNull(host.find(name), name);
    }

    @Test
    void eachVirtualFunctionIsAControllerWithADriveOfItsOwn() {
        try (var host = host("{\"vfs\": [{\"drive\": \"d1\"}, {\"drive\": \"d2\"}]}")) {
            host.drivers().register(new Owner(), host.functions());
            host.setNumVfs(at(host, "disk"), 2);

            assertThat(namespaceBlocks(host, "disk-vf0")).isEqualTo((2 << 20) / 512);
            assertThat(namespaceBlocks(host, "disk-vf1")).isEqualTo((3 << 20) / 512);
        }

        assertThat(drives.list()).noneMatch(drive -> drive.isTaken());
    }

    /// Starts the controller and asks it how large namespace 1 is, by IDENTIFY in memory that its group was given.
    private long namespaceBlocks(HostPci host, String name) {
        var function = at(host, name);
        var owner = new Object();
        var domain = function.iommu().unit().newPagingDomain(new DomainOptions(false, false, false));
        domain.map(new Iova(0), memory, true, true);
        function.group().claim(owner);
        function.group().set(0, domain);
        function.configWrite(4, 2, 4);
        var bar = function.pci().behind(function.pci().bars().getFirst());
        ram.write(0, new byte[3 * PAGE], 0, 3 * PAGE);
        ram.write(ADMIN_SQ, identify(), 0, 64);
        function.pci().strand().call(() -> {
            bar.write(0x24, 4, 0x000F_000F);
            bar.write(0x28, 8, ADMIN_SQ);
            bar.write(0x30, 8, ADMIN_CQ);
            bar.write(0x14, 4, 0x0046_0001);
            bar.write(0x1000, 4, 1);
        });
        var done = new byte[16];
        assertThat(loop.turnUntil(() -> {
                    ram.read(ADMIN_CQ, done, 0, 16);
                    return (done[14] & 1) != 0;
                }))
                .isTrue();
        var data = new byte[8];
        ram.read(DATA, data, 0, 8);
        function.group().release(owner);
        return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private static byte[] identify() {
        var entry = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        entry.putInt(0, 0x06).putInt(4, 1).putLong(24, DATA);
        return entry.array();
    }

    @Test
    void aDriveThatIsNotThereIsRefusedAndNoneIsTaken() {
        assertThat(catchThrowableOfType(
                        HostConfigException.class, () -> host("{\"vfs\": [{\"drive\": \"d1\"}, {\"drive\": \"d9\"}]}")))
                .hasMessageContaining("\"disk\" cannot be made: there is no drive d9; add one of that name");
        assertThat(drives.list()).noneMatch(drive -> drive.isTaken());
    }

    @Test
    void twoFunctionsCannotHaveOneDrive() {
        assertThat(catchThrowableOfType(
                        HostConfigException.class, () -> host("{\"vfs\": [{\"drive\": \"d1\"}, {\"drive\": \"d1\"}]}")))
                .hasMessageContaining("drive d1 is another device's already; give each its own");
        assertThat(drives.list()).noneMatch(drive -> drive.isTaken());
    }

    @Test
    void unknownPropertiesAreRefused() {
        assertThat(catchThrowableOfType(HostConfigException.class, () -> host("{\"vfs\": [{\"colour\": \"red\"}]}")))
                .hasMessageContaining("colour is no property; there are drive, serial");
    }
}
