package io.sluice.vmm.device.nvme;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.FunctionShape;
import io.sluice.vmm.pci.PciExpress;
import io.sluice.vmm.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/// An NVM Express controller (1b36:0010): registers, doorbells, and its life from enabling to reset.
///
/// Its BAR takes writes by way of the strand's loop: a doorbell costs the guest an enqueue. The heads of completion
/// queues are stored at once.
public final class Nvme implements BusDevice {
    private static final long DOORBELLS = 0x1000;
    private static final long MSIX_TABLE = 0x2000;
    private static final int MSIX_ENTRY = 16;
    private static final int LEAST_BAR = 1 << 14;
    private static final int MSI_VECTORS = 8;
    /// What CC's writer may still change while the controller is enabled: the sizes of I/O queue entries, the shutdown
    /// notification, and the enable bit.
    private static final int CHANGES_WHILE_ENABLED = 0x00FF_C001;

    private static final int ENABLE = 1;
    private static final int COMMAND_SET = 7 << 4;
    private static final int ARBITRATION = 7 << 11;
    private static final int SHUTDOWN = 3 << 14;
    private static final int LARGEST_PAGE = (int) (NvmeReg.CAP.spec().reset() >> 52 & 0xF);
    private static final int READY = 1;
    private static final int FATAL = 1 << 1;
    private static final int SHUTTING_DOWN = 1 << 2;
    private static final int SHUT_DOWN = 2 << 2;
    private static final int SHUTDOWN_STATUS = 3 << 2;
    private static final int SUBSYSTEM_RESET = 1 << 4;
    /// "NVMe".
    private static final int RESET_KEY = 0x4E56_4D65;

    private final NvmeSettings settings;
    private final PciFunction function;
    private final @Nullable Namespace namespace;
    private final NvmeState state = new NvmeState();
    private final NvmeCounters counters = new NvmeCounters();
    private final ErrorLog errors = new ErrorLog();
    private final Queues queues;
    private final Prps prps;
    private final Interrupts interrupts;
    private final AsyncEvents events;
    private final Features features;
    private final AdminCommands admin;
    private final @Nullable DiskJobs jobs;
    private final @Nullable IoCommands io;
    private final Shutdown shutdown;

    /// @param drive what namespace 1 is; none if absent. The controller has it until [#close].
    public Nvme(Strand strand, NvmeSettings settings, @Nullable Drive drive) {
        this(strand, settings, drive, FunctionShape.PLAIN);
    }

    /// @param shape what its place adds to it
    public Nvme(Strand strand, NvmeSettings settings, @Nullable Drive drive, FunctionShape shape) {
        this.settings = settings;
        this.namespace = drive == null ? null : new Namespace(drive, settings.blockSize());
        this.function = function(strand, shape);
        var dma = function.dma();
        this.queues = new Queues(dma, strand, settings.ioQueuePairs() + 1, new Work());
        this.prps = new Prps(dma, settings.mostBytes() / 4096 + 1);
        this.events = new AsyncEvents(queues);
        this.features = new Features(this, prps, strand.clock());
        this.interrupts = new Interrupts(function, state, queues);
        queues.tellBy(interrupts);
        this.jobs = drive == null ? null : new DiskJobs(drive, strand, queues, dma, settings.mostBytes());
        var logs = new LogPages(this, prps, strand.clock(), errors);
        this.admin = new AdminCommands(this, queues, prps, interrupts, logs, features, events, jobs);
        this.io = namespace == null || jobs == null ? null : new IoCommands(this, namespace, prps, dma, jobs);
        this.shutdown = new Shutdown(drive, strand, this::shutDown);
    }

    private PciFunction function(Strand strand, FunctionShape shape) {
        long pending = MSIX_TABLE + (long) settings.vectors() * MSIX_ENTRY;
        long size = LEAST_BAR;
        while (size < pending + (settings.vectors() + 63) / 64 * 8L) {
            size *= 2;
        }
        var builder = PciFunction.builder("nvme", strand)
                .ids(0x1B36, 0x0010)
                .subsystem(0x1AF4, 0x1100)
                .revision(0x02)
                .classCode(0x010802)
                .interruptPin(1)
                .bar(new Bar(0, Bar.Kind.MEMORY64, false, size, this, true))
                .powerManagement()
                .msi(MSI_VECTORS, true, false)
                .pciExpress(PciExpress.Type.ENDPOINT, true)
                .msix(settings.vectors(), 0, MSIX_TABLE, pending)
                .onReset(this::reset);
        shape.apply(builder);
        return builder.build();
    }

    public PciFunction function() {
        return function;
    }

    public NvmeCounters counters() {
        return counters;
    }

    NvmeSettings settings() {
        return settings;
    }

    @Nullable
    Namespace namespace() {
        return namespace;
    }

    Features features() {
        return features;
    }

    AsyncEvents events() {
        return events;
    }

    boolean hasIoQueues() {
        return queues.hasIoQueues();
    }

    /// Bytes of an I/O submission queue entry, as the guest has configured it.
    int submissionEntry() {
        return 1 << (state.cc >> 16 & 0xF);
    }

    /// Bytes of an I/O completion queue entry, as the guest has configured it.
    int completionEntry() {
        return 1 << (state.cc >> 20 & 0xF);
    }

    /// Gives back what the controller holds beside its drive, whose thread has nothing of it any more.
    public void close() {
        if (jobs != null) {
            jobs.close();
        }
    }

    // ---- registers

    @Override
    public long read(long offset, int size) {
        if (offset < 0) {
            return 0;
        }
        long word = offset & ~3L;
        int shift = 8 * (int) (offset & 3);
        long both = doubleword(word) & 0xFFFF_FFFFL | (long) doubleword(word + 4) << 32;
        return both >>> shift;
    }

    private int doubleword(long offset) {
        var register = NvmeReg.holding(offset);
        if (register == null) {
            return 0;
        }
        long value = switch (register) {
            case CAP, VS -> register.spec().reset();
            case INTMS, INTMC -> state.interruptMask;
            case CC -> state.cc;
            case CSTS -> state.csts;
            case NSSR -> 0;
            case AQA -> state.aqa;
            case ASQ -> state.asq;
            case ACQ -> state.acq;
        };
        return (int) (value >> 8 * (int) (offset - register.spec().offset()));
    }

    @Override
    public void write(long offset, int size, long value) {
        if ((offset & 3) != 0 || size < 4 || offset < 0) {
            return;
        }
        store(offset, (int) value);
        if (size == 8) {
            store(offset + 4, (int) (value >> 32));
        }
    }

    /// The head of a completion queue only tells how far the guest has read.
    @Override
    public boolean startsWork(long offset) {
        return offset < DOORBELLS || offset >= MSIX_TABLE || (offset & 4) == 0;
    }

    private void store(long offset, int value) {
        if (offset >= DOORBELLS) {
            if (offset < MSIX_TABLE) {
                ring((int) (offset - DOORBELLS) / 4, value);
            }
            return;
        }
        var register = NvmeReg.holding(offset);
        if (register == null) {
            return;
        }
        switch (register) {
            case CAP, VS -> {}
            case INTMS -> interrupts.mask(value);
            case INTMC -> interrupts.unmask(value);
            case CC -> configure(register.written(0, value));
            case CSTS -> state.csts = register.written(state.csts, value);
            case NSSR -> {
                if (value == RESET_KEY) {
                    reset();
                    state.csts |= SUBSYSTEM_RESET;
                }
            }
            case AQA -> state.aqa = register.written(state.aqa, value);
            case ASQ -> state.asq = half(register, state.asq, offset, value);
            case ACQ -> state.acq = half(register, state.acq, offset, value);
        }
    }

    private static long half(NvmeReg register, long old, long offset, int value) {
        boolean high = offset != register.spec().offset();
        long mixed =
                high ? old & 0xFFFF_FFFFL | (long) value << 32 : old & 0xFFFF_FFFF_0000_0000L | value & 0xFFFF_FFFFL;
        return register.written(old, mixed);
    }

    // ---- doorbells

    private void ring(int index, int value) {
        if (!queues.isRunning()) {
            return;
        }
        int id = index / 2;
        boolean known;
        boolean good = false;
        if ((index & 1) == 0) {
            var queue = queues.submission(id);
            known = queue != null;
            if (queue != null && Integer.compareUnsigned(value, queue.size) < 0) {
                queue.tail = value;
                queues.work();
                good = true;
            }
        } else {
            var queue = queues.completion(id);
            known = queue != null;
            if (queue != null && Integer.compareUnsigned(value, queue.size) < 0 && queue.take(value)) {
                events.tell();
                queues.settlePin();
                queues.workLater();
                good = true;
            }
        }
        if (!good) {
            errors.add(-1, -1, NvmeStatus.INVALID_FIELD);
            events.happened(known ? AsyncEvents.Event.DOORBELL_VALUE : AsyncEvents.Event.DOORBELL_OF_NO_QUEUE);
        }
    }

    // ---- life

    private void configure(int value) {
        int old = state.cc;
        boolean wasEnabled = (old & ENABLE) != 0;
        state.cc = wasEnabled ? old & ~CHANGES_WHILE_ENABLED | value & CHANGES_WHILE_ENABLED : value;
        boolean enabled = (state.cc & ENABLE) != 0;
        if (!wasEnabled && enabled) {
            enable();
        } else if (wasEnabled && !enabled) {
            disable();
        }
        if ((old & SHUTDOWN) == 0 && (state.cc & SHUTDOWN) != 0) {
            state.csts = state.csts & ~SHUTDOWN_STATUS | SHUTTING_DOWN;
            shutdown.begin();
        } else if ((old & SHUTDOWN) != 0 && (state.cc & SHUTDOWN) == 0) {
            shutdown.cancel();
            state.csts &= ~SHUTDOWN_STATUS;
        }
    }

    /// Fatal misuse leaves the controller enabled, not ready, and in the fatal state, which only a reset ends.
    private void enable() {
        int submissions = (state.aqa & 0xFFF) + 1;
        int completions = (state.aqa >> 16 & 0xFFF) + 1;
        int pageShift = state.cc >> 7 & 0xF;
        long offset = (1L << 12 + pageShift) - 1;
        if (submissions < 2
                || completions < 2
                || pageShift > LARGEST_PAGE
                || (state.cc & (COMMAND_SET | ARBITRATION)) != 0
                || ((state.asq | state.acq) & offset) != 0) {
            state.csts |= FATAL;
            return;
        }
        prps.setPage(4096 << pageShift);
        var completionQueue = new CompletionQueue(0, state.acq, completions, 0, true);
        queues.start(completionQueue, new SubmissionQueue(0, state.asq, submissions, completionQueue));
        state.csts |= READY;
    }

    /// A reset of the controller: queues are gone, and what runs is nobody's; the admin queue's registers stay.
    private void disable() {
        if (jobs != null) {
            jobs.dropAll();
        }
        shutdown.cancel();
        events.clear();
        features.clear();
        queues.clear();
        state.interruptMask = 0;
        state.csts &= SUBSYSTEM_RESET;
        queues.settlePin();
    }

    /// Everything as at power-on. When this returns nothing of what was under way reaches guest memory any more: only
    /// this strand ever does.
    private void reset() {
        disable();
        errors.clear();
        state.cc = 0;
        state.csts = 0;
        state.aqa = 0;
        state.asq = 0;
        state.acq = 0;
    }

    private void shutDown() {
        state.csts = state.csts & ~SHUTDOWN_STATUS | SHUT_DOWN;
    }

    /// What the queues bring.
    private final class Work implements Queues.Worker {
        @Override
        public boolean hasRoom() {
            return jobs == null || jobs.hasRoom();
        }

        @Override
        public NvmeStatus execute(Command command) {
            if (command.queue().id == 0) {
                counters.taken(NvmeCounters.Kind.ADMIN);
                return admin.execute(command);
            }
            counters.taken(IoCommands.kind(command.opcode()));
            return io != null ? io.execute(command) : NvmeStatus.INVALID_NAMESPACE;
        }

        @Override
        public void ended(SubmissionQueue queue, int command, NvmeStatus status) {
            if (status != NvmeStatus.SUCCESS) {
                counters.failed();
                errors.add(queue.id, command, status);
            }
        }

        @Override
        public void failed() {
            state.csts |= FATAL;
            queues.stop();
        }
    }
}
