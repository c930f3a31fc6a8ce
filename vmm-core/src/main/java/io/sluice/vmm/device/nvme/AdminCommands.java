package io.sluice.vmm.device.nvme;

import org.jspecify.annotations.Nullable;

/// The admin command set (NVM Express 1.4 section 5), as far as it is mandatory.
final class AdminCommands {
    /// What there is.
    enum Opcode {
        DELETE_SUBMISSION_QUEUE(0x00),
        CREATE_SUBMISSION_QUEUE(0x01),
        GET_LOG_PAGE(0x02),
        DELETE_COMPLETION_QUEUE(0x04),
        CREATE_COMPLETION_QUEUE(0x05),
        IDENTIFY(0x06),
        ABORT(0x08),
        SET_FEATURES(0x09),
        GET_FEATURES(0x0A),
        ASYNC_EVENT_REQUEST(0x0C);

        private static final @Nullable Opcode[] BY_CODE = new @Nullable Opcode[0x10];

        static {
            for (var opcode : values()) {
                BY_CODE[opcode.code] = opcode;
            }
        }

        private final int code;

        Opcode(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static @Nullable Opcode of(int code) {
            return code < BY_CODE.length ? BY_CODE[code] : null;
        }
    }

    private static final int CONTIGUOUS = 1;
    private static final int INTERRUPTS = 2;
    private static final int LARGEST_QUEUE = (int) (NvmeReg.CAP.spec().reset() & 0xFFFF) + 1;

    private final Nvme controller;
    private final Queues queues;
    private final Prps prps;
    private final Interrupts interrupts;
    private final Identify identify;
    private final LogPages logs;
    private final Features features;
    private final AsyncEvents events;
    private final @Nullable DiskJobs jobs;

    AdminCommands(
            Nvme controller,
            Queues queues,
            Prps prps,
            Interrupts interrupts,
            LogPages logs,
            Features features,
            AsyncEvents events,
            @Nullable DiskJobs jobs) {
        this.controller = controller;
        this.queues = queues;
        this.prps = prps;
        this.interrupts = interrupts;
        this.identify = new Identify(controller, prps);
        this.logs = logs;
        this.features = features;
        this.events = events;
        this.jobs = jobs;
    }

    NvmeStatus execute(Command command) {
        var opcode = Opcode.of(command.opcode());
        if (opcode == null) {
            return NvmeStatus.INVALID_OPCODE;
        }
        if (command.isFused() || !command.usesPrps()) {
            return NvmeStatus.INVALID_FIELD;
        }
        return switch (opcode) {
            case DELETE_SUBMISSION_QUEUE -> deleteSubmissions(command);
            case CREATE_SUBMISSION_QUEUE -> createSubmissions(command);
            case GET_LOG_PAGE -> logs.get(command);
            case DELETE_COMPLETION_QUEUE -> deleteCompletions(command);
            case CREATE_COMPLETION_QUEUE -> createCompletions(command);
            case IDENTIFY -> identify.get(command);
            case ABORT -> abort(command);
            case SET_FEATURES -> features.set(command);
            case GET_FEATURES -> features.get(command);
            case ASYNC_EVENT_REQUEST -> events.await(command);
        };
    }

    private boolean isIoQueue(int id) {
        return id > 0 && id < queues.count();
    }

    /// The base address of a queue, or why it is none.
    private @Nullable NvmeStatus refusal(Command command, int entryBytes, int wanted) {
        int size = (command.dword(10) >>> 16) + 1;
        if (size < 2 || size > LARGEST_QUEUE || entryBytes != wanted) {
            return NvmeStatus.INVALID_QUEUE_SIZE;
        }
        if ((command.dword(11) & CONTIGUOUS) == 0) {
            return NvmeStatus.INVALID_FIELD;
        }
        return (command.prp1() & prps.page() - 1) != 0 ? NvmeStatus.PRP_OFFSET_INVALID : null;
    }

    private NvmeStatus createCompletions(Command command) {
        int id = command.dword(10) & 0xFFFF;
        if (!isIoQueue(id) || queues.completion(id) != null) {
            return NvmeStatus.INVALID_QUEUE_IDENTIFIER;
        }
        var refused = refusal(command, controller.completionEntry(), CompletionQueue.ENTRY);
        if (refused != null) {
            return refused;
        }
        int vector = command.dword(11) >>> 16;
        if (vector >= interrupts.vectors()) {
            return NvmeStatus.INVALID_INTERRUPT_VECTOR;
        }
        boolean interrupting = (command.dword(11) & INTERRUPTS) != 0;
        queues.add(new CompletionQueue(id, command.prp1(), (command.dword(10) >>> 16) + 1, vector, interrupting));
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus createSubmissions(Command command) {
        int id = command.dword(10) & 0xFFFF;
        if (!isIoQueue(id) || queues.submission(id) != null) {
            return NvmeStatus.INVALID_QUEUE_IDENTIFIER;
        }
        int completionId = command.dword(11) >>> 16;
        var completions = isIoQueue(completionId) ? queues.completion(completionId) : null;
        if (completions == null) {
            return NvmeStatus.COMPLETION_QUEUE_INVALID;
        }
        var refused = refusal(command, controller.submissionEntry(), Command.BYTES);
        if (refused != null) {
            return refused;
        }
        queues.add(new SubmissionQueue(id, command.prp1(), (command.dword(10) >>> 16) + 1, completions));
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus deleteSubmissions(Command command) {
        int id = command.dword(10) & 0xFFFF;
        var queue = isIoQueue(id) ? queues.submission(id) : null;
        if (queue == null) {
            return NvmeStatus.INVALID_QUEUE_IDENTIFIER;
        }
        if (jobs != null) {
            jobs.abort(queue);
        }
        queues.remove(queue);
        return NvmeStatus.SUCCESS;
    }

    private NvmeStatus deleteCompletions(Command command) {
        int id = command.dword(10) & 0xFFFF;
        var queue = isIoQueue(id) ? queues.completion(id) : null;
        if (queue == null) {
            return NvmeStatus.INVALID_QUEUE_IDENTIFIER;
        }
        if (queue.users > 0) {
            return NvmeStatus.INVALID_QUEUE_DELETION;
        }
        queues.remove(queue);
        return NvmeStatus.SUCCESS;
    }

    /// What runs is not stopped, as the specification allows; bit 0 says so.
    private static NvmeStatus abort(Command command) {
        command.answer(1);
        return NvmeStatus.SUCCESS;
    }
}
