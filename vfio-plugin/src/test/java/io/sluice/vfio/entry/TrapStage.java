package io.sluice.vfio.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.testkit.ThreadLoop;
import io.sluice.vfio.testkit.TrapDriver;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.machine.BootSector;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.PanicAction;
import io.sluice.vmm.plugin.BuiltinDevices;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.testkit.MachineRig;
import io.sluice.vmm.trace.Trace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/// A machine whose guest reads the registers of a mediated device, and what a test needs to hold it in one.
abstract class TrapStage {
    static final Duration SOON = Duration.ofSeconds(90);
    static final String SLOT = "vfio-pci,addr=5,sysfsdev=";
    static final int PAGE = 4096;
    /// In the guest's RAM, which its IOAS maps where the guest finds it.
    static final long TARGET = 0x10_0000;

    /// Registers: one that answers at once, one that holds the vCPU, one that pins.
    static final int PLAIN = 0;

    static final int HELD = 4;
    static final int PINS = 8;
    static final int PLAIN_VALUE = 0x600D;
    static final String PLAIN_SHOWN = "0000600D ";
    static final Set<Thread.State> WAITING = EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);
    static final String DONE = "00000000 ";
    /// What the guest says when it has the BAR within reach.
    static final String READY = "ready ";

    static final String EDU_SHOWN = "010000ED ";
    static final MachineConfig.Life LIFE = new MachineConfig.Life(false, false, false, PanicAction.PAUSE);
    static final String NOTHING_THERE = "FFFFFFFF ";

    final SimulatedHost host = new SimulatedHost(Trace.none());
    final ThreadLoop loop = new ThreadLoop();
    final ExecutorService threads = Executors.newCachedThreadPool();
    final CountDownLatch trapped = new CountDownLatch(1);
    final CountDownLatch go = new CountDownLatch(1);
    final TrapDriver driver = new TrapDriver();
    final MdevInstance instance;

    @TempDir
    Path directory;

    TrapStage() {
        driver.on(PLAIN, context -> PLAIN_VALUE).on(PINS, TrapStage::pin);
        host.mdevs().register(driver);
        instance = host.mdevs().create(TrapDriver.TYPE, UUID.randomUUID().toString(), loop::strand);
    }

    @AfterEach
    void close() {
        go.countDown();
        threads.close();
        loop.close();
        assertThat(host.kernel().frames().pinned()).isZero();
    }

    // ---- the machine

    static BootSector guest() {
        return new BootSector().reach(0, 5).print(READY);
    }

    MachineRig start(BootSector guest, String... devices) {
        return MachineRig.start(guest.config(directory, LIFE, devices), plugins());
    }

    List<Plugin> plugins() {
        return List.of(new BuiltinDevices(), new VfioPlugin(host));
    }

    MachineRig start(BootSector guest) {
        return start(guest, SLOT + instance.path());
    }

    Process process() {
        return host.kernel().processes().getFirst();
    }

    int fd(Class<? extends OpenFile> kind) {
        return process().descriptors().stream()
                .filter(fd -> kind.isInstance(process().file(fd)))
                .findFirst()
                .orElseThrow();
    }

    void unmapAll() {
        process().ioctl(fd(Iommufd.class), IoasUnmap.all(1));
    }

    // ---- the device

    /// The register that holds the vCPU inside the device until [#go], and then does `rest`.
    void hold(LongSupplier rest) {
        driver.on(HELD, context -> {
            stop();
            return rest.getAsLong();
        });
    }

    void hold() {
        driver.on(HELD, context -> {
            stop();
            return pin(context);
        });
    }

    void stop() {
        trapped.countDown();
        awaitGo();
    }

    void awaitGo() {
        try {
            assertThat(go.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    void awaitTrap() throws InterruptedException {
        assertThat(trapped.await(60, TimeUnit.SECONDS)).isTrue();
    }

    /// Pins a page and writes to it.
    ///
    /// @return 0, or the number of the refusal; -2 if the pin is dead
    static long pin(MdevContext context) {
        try (var pin = context.dma().pin(TARGET, PAGE, true)) {
            return pin.write(TARGET, new byte[8], 0, 8) ? 0 : -2;
        } catch (HostException e) {
            return e.errno().number();
        }
    }

    /// Runs on a thread of its own, which is seen to wait for the device.
    Future<?> waiting(Runnable task) {
        var waiter = new Thread[1];
        var started = new CountDownLatch(1);
        var future = threads.submit(() -> {
            waiter[0] = Thread.currentThread();
            started.countDown();
            task.run();
        });
        await().atMost(SOON).until(() -> started.getCount() == 0 && WAITING.contains(waiter[0].getState()));
        assertThat(future.isDone()).isFalse();
        return future;
    }

    static void ends(Future<?> task) throws Exception {
        task.get(60, TimeUnit.SECONDS);
    }

    /// Another thread is inside the device until [#go], and the guest, which has been told to read, waits for it.
    Future<?> busy(MachineRig rig, Strand strand) throws InterruptedException {
        rig.console().await(READY, SOON);
        var busy = threads.submit(() -> strand.call(this::stop));
        awaitTrap();
        rig.console().type("x");
        await().atMost(SOON).until(() -> strand.backlog() == 1);
        return busy;
    }

    /// The same with a host that has an edu.
    static MachineConfig withHost(MachineConfig config) {
        var host = new MachineConfig.Part(
                "host",
                Map.of(
                        "id", "host0",
                        "functions.0.name", "rp0",
                        "functions.0.type", "root-port",
                        "functions.1.name", "edu0",
                        "functions.1.type", "endpoint",
                        "functions.1.behind", "rp0",
                        "functions.1.device", "edu"));
        return new MachineConfig(
                config.name(),
                config.uuid(),
                config.memoryBytes(),
                config.cpus(),
                config.boot(),
                config.serial(),
                config.debugConsole(),
                config.devices(),
                List.of(host),
                config.firmwareFiles(),
                config.rtc(),
                config.life(),
                config.log());
    }
}
