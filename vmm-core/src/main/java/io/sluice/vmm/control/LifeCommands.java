package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.PanicAction;
import io.sluice.vmm.machine.ShutdownCause;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qapi.RunState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The machine's life: what state it is in, going on, stopping, resetting, ending.
final class LifeCommands {
    private final Machine machine;

    LifeCommands(Machine machine) {
        this.machine = machine;
    }

    record Status(
            @Member("Whether the vCPUs run.") boolean running,

            @Member("Always false: instructions are stepped by the debugger only.")
            boolean singlestep,

            @Member("Where the machine is in its life.") RunState status) {}

    record CurrentMachine(
            @Member("Whether the guest can sleep and be woken.")
            boolean wakeupSuspendSupport) {}

    /// What a guest's reset does.
    enum RebootAction implements QapiEnum {
        RESET,
        SHUTDOWN
    }

    /// What a guest that switches itself off does.
    enum ShutdownAction implements QapiEnum {
        POWEROFF,
        PAUSE
    }

    record Actions(
            @Member("What a guest's reset does.") @Nullable RebootAction reboot,

            @Member("What a guest that switches itself off does.") @Nullable
            ShutdownAction shutdown,

            @Member("What a panic of the guest's kernel does.") @Nullable
            PanicAction panic) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of("query-status", Nothing.class, Status.class, "The machine's run state.", this::status)
                        .onLoop(),
                Command.of(
                        "stop", Nothing.class, Nothing.class, "Stops the vCPUs and the machine's clock.", this::stop),
                Command.of("cont", Nothing.class, Nothing.class, "Lets the vCPUs run.", this::resume),
                Command.of(
                        "system_reset",
                        Nothing.class,
                        Nothing.class,
                        "Resets the machine as its button does.",
                        this::reset),
                Command.of(
                        "system_powerdown",
                        Nothing.class,
                        Nothing.class,
                        "Presses the power button; what follows is the guest's decision.",
                        this::powerDown),
                Command.of(
                        "system_wakeup",
                        Nothing.class,
                        Nothing.class,
                        "Wakes a guest that sleeps; this machine has no sleep states.",
                        this::wakeUp),
                Command.of(
                        "inject-nmi",
                        Nothing.class,
                        Nothing.class,
                        "Gives every vCPU a non-maskable interrupt.",
                        this::nmi),
                Command.of(
                        "set-action",
                        Actions.class,
                        Nothing.class,
                        "Says from now on what -action says at the start; what is absent stays.",
                        this::act),
                Command.of("quit", Nothing.class, Nothing.class, "Ends the machine and the process.", this::quit),
                Command.of(
                        "query-current-machine",
                        Nothing.class,
                        CurrentMachine.class,
                        "What this machine can do.",
                        none -> new CurrentMachine(false)));
    }

    private Status status(Nothing none) {
        var state = machine.runState();
        return new Status(state == RunState.RUNNING, false, state);
    }

    private Nothing stop(Nothing none) {
        machine.pause();
        return none;
    }

    private Nothing resume(Nothing none) {
        if (!machine.resume() && machine.runState() != RunState.RUNNING) {
            throw new QmpException("Resetting the Virtual Machine is required");
        }
        return none;
    }

    private Nothing reset(Nothing none) {
        machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
        return none;
    }

    private Nothing powerDown(Nothing none) {
        machine.pressPowerButton();
        return none;
    }

    private Nothing wakeUp(Nothing none) {
        throw new QmpException("Unable to wake up: guest is not in suspended state");
    }

    private Nothing nmi(Nothing none) {
        machine.injectNmi();
        return none;
    }

    private Nothing act(Actions wanted) {
        machine.setActions(
                wanted.reboot == null ? null : wanted.reboot == RebootAction.SHUTDOWN,
                wanted.shutdown == null ? null : wanted.shutdown == ShutdownAction.PAUSE,
                wanted.panic);
        return Nothing.INSTANCE;
    }

    private Nothing quit(Nothing none) {
        machine.quit(ShutdownCause.HOST_QMP_QUIT);
        return none;
    }
}
