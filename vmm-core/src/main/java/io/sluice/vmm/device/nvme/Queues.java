package io.sluice.vmm.device.nvme;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.PciDma;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// All queues of a controller, by their numbers: takes commands in turn, in bounded slices, and writes completions.
final class Queues {
    /// What a slice may cost: a command counts 1, and 1 more for each 16 KiB that it moves.
    private static final int SLICE = 128;

    private static final int COST_SHIFT = 14;
    /// Commands of one queue before the next has its turn.
    private static final int BURST = 8;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /// Who carries out commands.
    interface Worker {
        /// Whether another I/O command can be taken now.
        boolean hasRoom();

        NvmeStatus execute(Command command);

        /// A command has ended.
        void ended(SubmissionQueue queue, int command, NvmeStatus status);

        /// The guest's queues cannot be reached: the controller gives up.
        void failed();
    }

    private final PciDma dma;
    private final Strand strand;
    private final Worker worker;
    private final @Nullable SubmissionQueue[] submissions;
    private final @Nullable CompletionQueue[] completions;
    private final Command command = new Command();
    private final byte[] entry = new byte[CompletionQueue.ENTRY];
    private final Runnable goOn = this::goOn;
    private @Nullable Interrupts interrupts;
    private boolean running;
    private boolean scheduled;
    private int turn;

    /// @param count of queues of each kind, the admin queue with them
    Queues(PciDma dma, Strand strand, int count, Worker worker) {
        this.dma = dma;
        this.strand = strand;
        this.worker = worker;
        this.submissions = new @Nullable SubmissionQueue[count];
        this.completions = new @Nullable CompletionQueue[count];
    }

    void tellBy(Interrupts way) {
        interrupts = way;
    }

    // ---- the queues

    int count() {
        return submissions.length;
    }

    @Nullable
    SubmissionQueue submission(int id) {
        return id >= 0 && id < submissions.length ? submissions[id] : null;
    }

    @Nullable
    CompletionQueue completion(int id) {
        return id >= 0 && id < completions.length ? completions[id] : null;
    }

    void add(CompletionQueue queue) {
        completions[queue.id] = queue;
    }

    void add(SubmissionQueue queue) {
        queue.completions.users++;
        submissions[queue.id] = queue;
    }

    void remove(SubmissionQueue queue) {
        queue.completions.users--;
        submissions[queue.id] = null;
    }

    void remove(CompletionQueue queue) {
        completions[queue.id] = null;
        settlePin();
    }

    boolean hasIoQueues() {
        for (int id = 1; id < completions.length; id++) {
            if (completions[id] != null || submissions[id] != null) {
                return true;
            }
        }
        return false;
    }

    /// The controller is ready: the admin queues are there.
    void start(CompletionQueue adminCompletions, SubmissionQueue admin) {
        add(adminCompletions);
        add(admin);
        running = true;
    }

    /// Nothing is taken and nothing written any more; queues stay as they are.
    void stop() {
        running = false;
    }

    boolean isRunning() {
        return running;
    }

    /// All queues are gone.
    void clear() {
        running = false;
        Arrays.fill(submissions, null);
        Arrays.fill(completions, null);
        turn = 0;
        settlePin();
    }

    // ---- work

    private void goOn() {
        scheduled = false;
        work();
    }

    /// Takes what there is, one slice of it; the rest later.
    void work() {
        int left = SLICE;
        boolean took = true;
        while (took && left > 0) {
            took = false;
            for (int i = 0; i < submissions.length && left > 0; i++) {
                var queue = submissions[turn];
                turn = turn + 1 == submissions.length ? 0 : turn + 1;
                if (queue != null && canTake(queue)) {
                    left -= serve(queue, left);
                    took = true;
                }
            }
        }
        announce();
        if (took) {
            goOnLater();
        }
    }

    /// Takes what there is, on the loop: a vCPU that tells how far it has read shall not do the drive's work.
    void workLater() {
        announce();
        for (var queue : submissions) {
            if (queue != null && canTake(queue)) {
                goOnLater();
                return;
            }
        }
    }

    private void goOnLater() {
        if (!scheduled) {
            scheduled = true;
            strand.defer(goOn);
        }
    }

    private boolean canTake(SubmissionQueue queue) {
        return running && !queue.isEmpty() && queue.completions.hasRoom() && (queue.id == 0 || worker.hasRoom());
    }

    private int serve(SubmissionQueue queue, int most) {
        int cost = 0;
        for (int i = 0; i < BURST && cost < most && canTake(queue); i++) {
            if (!dma.read(new Iova(queue.take()), command.bytes, 0, Command.BYTES)) {
                worker.failed();
                break;
            }
            command.begin(queue);
            queue.completions.reserved++;
            var status = worker.execute(command);
            if (status != NvmeStatus.LATER) {
                complete(queue, command.id(), status, command.result());
            }
            cost += 1 + (int) (command.moved() >> COST_SHIFT);
        }
        return cost;
    }

    /// Ends a command for which there is a place.
    void complete(SubmissionQueue queue, int id, NvmeStatus status, int result) {
        queue.completions.reserved--;
        worker.ended(queue, id, status);
        write(queue, id, status, result);
    }

    /// Gives the place of a command back that will end when something happens.
    void setAside(SubmissionQueue queue) {
        queue.completions.reserved--;
    }

    /// Ends a command that was set aside; `false` if there is no place now.
    boolean completeAside(SubmissionQueue queue, int id, int result) {
        if (!running || !queue.completions.hasRoom()) {
            return false;
        }
        write(queue, id, NvmeStatus.SUCCESS, result);
        return true;
    }

    private void write(SubmissionQueue from, int id, NvmeStatus status, int result) {
        if (!running) {
            return;
        }
        var to = from.completions;
        INT.set(entry, 0, result);
        INT.set(entry, 4, 0);
        INT.set(entry, 8, from.head | from.id << 16);
        INT.set(entry, 12, id | (status.bits() << 1 | (to.phase ? 1 : 0)) << 16);
        // The phase bit tells the guest that the rest is there, so it comes last.
        boolean written = dma.write(new Iova(to.next()), entry, 0, 12);
        VarHandle.releaseFence();
        if (!written || !dma.write(new Iova(to.next() + 12), entry, 12, 4)) {
            worker.failed();
            return;
        }
        to.advance();
        to.news = true;
    }

    /// Tells the guest of everything that was written since the last time, once for each queue.
    void announce() {
        var way = interrupts;
        if (way == null) {
            return;
        }
        boolean any = false;
        for (int id = 0; id < completions.length; id++) {
            var queue = completions[id];
            if (queue != null && queue.news) {
                queue.news = false;
                way.tell(queue);
                any = true;
            }
        }
        if (any) {
            way.settlePin();
        }
    }

    void settlePin() {
        if (interrupts != null) {
            interrupts.settlePin();
        }
    }
}
