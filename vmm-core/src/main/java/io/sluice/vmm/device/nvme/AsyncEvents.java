package io.sluice.vmm.device.nvme;

/// Requests that wait for something to happen, and what has happened meanwhile (NVM Express 1.4 section 5.2).
final class AsyncEvents {
    /// Requests that may wait, less one, as Identify tells.
    static final int LIMIT = 3;

    /// What can happen, with its type, its information, and the log page that tells more.
    enum Event {
        DOORBELL_OF_NO_QUEUE(0, 0x00, LogPages.ERROR),
        DOORBELL_VALUE(0, 0x01, LogPages.ERROR),
        TEMPERATURE(1, 0x01, LogPages.HEALTH);

        private final int type;
        private final int result;

        Event(int type, int information, int page) {
            this.type = type;
            this.result = type | information << 8 | page << 16;
        }
    }

    private static final int TYPES = 2;

    private final Queues queues;
    private final int[] waiting = new int[LIMIT + 1];
    private int requests;
    /// The event of each type that nobody has heard of; 0 for none, else its doubleword plus 1.
    private final int[] pending = new int[TYPES];
    /// Types that were told of and whose log page was not read yet.
    private final boolean[] masked = new boolean[TYPES];

    AsyncEvents(Queues queues) {
        this.queues = queues;
    }

    void clear() {
        requests = 0;
        for (int type = 0; type < TYPES; type++) {
            pending[type] = 0;
            masked[type] = false;
        }
    }

    NvmeStatus await(Command command) {
        if (requests > LIMIT) {
            return NvmeStatus.ASYNC_EVENT_LIMIT_EXCEEDED;
        }
        waiting[requests++] = command.id();
        queues.setAside(command.queue());
        tell();
        return NvmeStatus.LATER;
    }

    void happened(Event event) {
        if (pending[event.type] == 0) {
            pending[event.type] = event.result + 1;
        }
        tell();
        queues.announce();
    }

    /// The log page of a type was read: what happens next is told again.
    void read(int page) {
        for (var event : Event.values()) {
            if (event.result >> 16 == page) {
                masked[event.type] = false;
            }
        }
        tell();
    }

    /// Tells what waits to be told, as far as there are requests, and room in the admin queue.
    void tell() {
        var admin = queues.submission(0);
        for (int type = 0; type < TYPES && admin != null; type++) {
            if (requests > 0
                    && pending[type] != 0
                    && !masked[type]
                    && queues.completeAside(admin, waiting[requests - 1], pending[type] - 1)) {
                requests--;
                pending[type] = 0;
                masked[type] = true;
            }
        }
    }
}
