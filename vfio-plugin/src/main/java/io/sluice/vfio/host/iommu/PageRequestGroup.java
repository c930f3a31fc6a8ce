package io.sluice.vfio.host.iommu;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// Page requests of one device that are answered as one (PCIe 6.0 section 10.4). Any thread.
public final class PageRequestGroup {
    /// How a group is answered.
    public enum Response {
        /// The pages are there now: the device looks again.
        SUCCESS,
        /// They will not be: what wanted them fails.
        INVALID
    }

    /// One page that is asked for.
    ///
    /// @param pasid 0 if the request had none
    /// @param pasidValid whether it had one
    /// @param grpid the device's number of the group
    /// @param perm [#READ], [#WRITE], [#EXECUTE], [#PRIVILEGED]
    /// @param addr the page's first I/O virtual address
    /// @param last whether it is the last of its group
    public record Record(int pasid, boolean pasidValid, int grpid, int perm, long addr, boolean last) {
        public static final int READ = 1;
        public static final int WRITE = 2;
        public static final int EXECUTE = 4;
        public static final int PRIVILEGED = 8;
    }

    private final IommuDevice device;
    private final List<Record> records;
    private final Consumer<Response> answer;
    private final AtomicBoolean answered = new AtomicBoolean();

    PageRequestGroup(IommuDevice device, List<Record> records, Consumer<Response> answer) {
        this.device = device;
        this.records = List.copyOf(records);
        this.answer = answer;
    }

    /// Who asks.
    public IommuDevice device() {
        return device;
    }

    /// In the order in which they were asked; the last one says so.
    public List<Record> records() {
        return records;
    }

    /// Whether it has been answered, by whomever.
    public boolean isAnswered() {
        return answered.get();
    }

    /// Answers it, unless it has been answered: by somebody else, or because the device has left the domain.
    ///
    /// @return whether this was the answer
    public boolean respond(Response response) {
        if (!answered.compareAndSet(false, true)) {
            return false;
        }
        answer.accept(response);
        return true;
    }
}
