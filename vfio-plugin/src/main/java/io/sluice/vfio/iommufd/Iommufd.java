package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.ENODEV;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// An open `/dev/iommu`: a context. Its objects have ids that mean nothing outside. Who has the file may do with them
/// what there is to do; devices get in by presenting this file with their own.
///
/// Devices and accesses that are bound refer to it too, so it lasts until all of them and all descriptors are gone. Any
/// thread; [#lock] guards all of it.
public final class Iommufd extends OpenFile {
    private static final RequestTable<Iommufd> REQUESTS = requestTable();

    /// Nobody outside is called with it held; groups, domains and memory have their own below it.
    final Object lock = new Object();

    final ObjectTable objects;
    final GroupTable groups = new GroupTable();
    final MmapRegions regions = new MmapRegions();

    private final IommuNode node;
    private boolean chargesProcesses;
    private @Nullable Ioas compat;
    private @Nullable Payer lastPayer;
    private final List<Runnable> answers = new ArrayList<>();

    Iommufd(IommuNode node, boolean chargesProcesses) {
        this.node = node;
        this.chargesProcesses = chargesProcesses;
        this.objects = new ObjectTable(steps());
    }

    private static RequestTable<Iommufd> requestTable() {
        var table = RequestTable.of("iommufd", Iommufd.class)
                .on("IOMMU_DESTROY", IommuDestroy.class, (context, caller, request) -> context.destroy(request.id()))
                .on("IOMMU_OPTION", IommuOption.class, Iommufd::option);
        IoasRequests.addTo(table);
        HwptRequests.addTo(table);
        DirtyTracking.addTo(table);
        FaultQueue.addTo(table);
        ViommuRequests.addTo(table);
        return CompatRequests.addTo(table);
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    /// Everything goes. No device is bound any more, for each holds the file.
    @Override
    protected void released() {
        locked(() -> {
            objects.close();
            return 0;
        });
    }

    IommuNode node() {
        return node;
    }

    Steps steps() {
        return node.kernel().steps();
    }

    HostFrames frames() {
        return node.kernel().frames();
    }

    /// How many objects there are, for those who look.
    public int objectCount() {
        synchronized (lock) {
            return objects.size();
        }
    }

    @Override
    public String toString() {
        return "iommufd";
    }

    // ---- the lock

    /// Does something under the lock; then, without it, gives the answers that fell due.
    <T> T locked(Supplier<T> work) {
        T result;
        List<Runnable> due;
        synchronized (lock) {
            result = work.get();
            due = List.copyOf(answers);
            answers.clear();
        }
        due.forEach(Runnable::run);
        return result;
    }

    /// Notes answers that are to be given when the lock is free again.
    void later(List<Runnable> due) {
        answers.addAll(due);
    }

    // ---- requests

    private Nothing destroy(int id) {
        return locked(() -> {
            objects.destroy(id);
            return Nothing.DONE;
        });
    }

    private static Long option(Iommufd context, Process caller, IommuOption option) {
        synchronized (context.lock) {
            if (option.op() != IommuOption.GET && option.op() != IommuOption.SET) {
                throw new HostException(EOPNOTSUPP, "option operation " + option.op());
            }
            boolean sets = option.op() == IommuOption.SET;
            return switch (option.optionId()) {
                case IommuOption.RLIMIT_MODE -> Options.rlimitMode(context, caller, option, sets);
                case IommuOption.HUGE_PAGES -> Options.hugePages(context, option, sets);
                default -> throw new HostException(EOPNOTSUPP, "option " + option.optionId());
            };
        }
    }

    // ---- mmap

    /// Maps what the driver of a VIOMMU has offered.
    ///
    /// @throws HostException ENXIO unless offset and length are just as they were told, EINVAL if it is not shared or
    /// not
    ///     whole pages, EPERM to execute it
    public IommufdMapping mmap(long offset, long length, boolean shared, boolean executable) {
        synchronized (lock) {
            var region = regions.find(offset, length, shared, executable);
            steps().pass("iommufd.mmap.mapping");
            return new IommufdMapping(this, region);
        }
    }

    // ---- who pays

    boolean chargesProcesses() {
        return chargesProcesses;
    }

    void chargeProcesses(boolean on) {
        chargesProcesses = on;
    }

    /// Who pays for what a process maps now.
    Payer payer(Process process) {
        var payer = lastPayer;
        if (payer == null || !payer.isOf(process, chargesProcesses)) {
            payer = Payer.of(process, chargesProcesses);
            lastPayer = payer;
        }
        return payer;
    }

    // ---- the IOAS of vfio's container

    /// @throws HostException ENODEV if no IOAS stands for the container
    Ioas requireCompat() {
        var ioas = compat;
        if (ioas == null) {
            throw new HostException(ENODEV, "no IOAS stands for the container");
        }
        return ioas;
    }

    /// Is told of pages of 4 KiB, from an I/O address on. Called with the context's lock: calls nobody.
    @FunctionalInterface
    public interface PageSink {
        void pages(long iova, long count);
    }

    /// Whether it is noted which pages of the container's IOAS software devices may have changed. Off, it forgets.
    public void noteAccesses(boolean on) {
        synchronized (lock) {
            if (compat != null) {
                compat.noteAccesses(on);
            }
        }
    }

    /// Tells which pages of a range of the container's IOAS software devices may have changed since this was asked
    /// before: those that they have written, and those that were or are pinned. Some are told of twice.
    public void takeAccessed(long first, long last, PageSink sink) {
        synchronized (lock) {
            if (compat != null) {
                compat.takeAccessed(first, last, sink);
            }
        }
    }

    /// Unmaps whole areas of the container's IOAS, and tells of pages as [#takeAccessed] does: of all that were changed
    /// before they were gone.
    ///
    /// @return bytes that were unmapped
    /// @throws HostException as IOMMU_IOAS_UNMAP
    public long unmapAccessed(long first, long last, PageSink sink) {
        return IoasRequests.unmap(this, compatIoas(), first, last, sink);
    }

    void compat(@Nullable Ioas ioas) {
        compat = ioas;
    }

    void forgetCompat(Ioas ioas) {
        if (compat == ioas) {
            compat = null;
        }
    }

    /// The IOAS that the requests of vfio's container mean, made if there is none: for a group that is put into this
    /// file as its container.
    ///
    /// @return its id
    public int compatIoas() {
        synchronized (lock) {
            var ioas = compat;
            if (ioas == null) {
                ioas = Ioas.create(this);
                compat = ioas;
            }
            return ioas.id;
        }
    }
}
