package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qapi.RunState;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// A small table of commands that need no machine.
final class FakeCommands {
    static final EventType<Nothing> STOP = EventType.of("STOP", Nothing.class, "The machine was stopped.");
    static final EventType<Change> CHANGE = EventType.of("RTC_CHANGE", Change.class, "The guest has set its clock.")
            .limitedBy(change -> "");

    volatile RunState state = RunState.RUNNING;
    volatile EventType.Sink sink = event -> {};

    /// What `wait` waits for.
    final CountDownLatch gate = new CountDownLatch(1);

    record Change(long offset, String path) {}

    record Status(boolean running, boolean singlestep, RunState status) {}

    record Kvm(boolean enabled, boolean present) {}

    record Echo(
            @Nullable Object value,
            @Nullable String text,
            @Nullable Kind kind,
            @Nullable List<Long> list) {}

    record Save(
            long val, long size, String filename, @Nullable Integer cpuIndex) {}

    record Device(@Member("what to remove") String id) {}

    enum Kind implements QapiEnum {
        ONE,
        AND_ANOTHER
    }

    record Named(String name) {}

    CommandTable table() {
        return new CommandTable(
                List.of(
                        Command.<Nothing, Kvm>of(
                                        "query-kvm",
                                        Nothing.class,
                                        Kvm.class,
                                        "Never.",
                                        nothing -> new Kvm(false, true))
                                .onLoop(),
                        Command.<Nothing, Status>of(
                                        "query-status",
                                        Nothing.class,
                                        Status.class,
                                        "How the machine is.",
                                        nothing -> new Status(state == RunState.RUNNING, false, state))
                                .onLoop(),
                        Command.<Nothing, Nothing>of("stop", Nothing.class, Nothing.class, "Stops.", nothing -> stop()),
                        Command.<Nothing, Nothing>of(
                                        "cont", Nothing.class, Nothing.class, "Goes on.", nothing -> cont())
                                .in(EnumSet.of(RunState.PAUSED, RunState.PRELAUNCH)),
                        Command.<Nothing, Nothing>of(
                                "wait", Nothing.class, Nothing.class, "Waits.", nothing -> awaitGate()),
                        Command.<Nothing, Nothing>of(
                                "break", Nothing.class, Nothing.class, "Has a bug.", nothing -> fail()),
                        Command.<Nothing, Nothing>of(
                                        "tell", Nothing.class, Nothing.class, "Tells, then refuses.", nothing -> tell())
                                .onLoop(),
                        Command.<Echo, Echo>of("echo", Echo.class, Echo.class, "Says the same.", echo -> echo),
                        Command.<Save, Nothing>of(
                                "memsave", Save.class, Nothing.class, "Saves.", save -> Nothing.INSTANCE),
                        Command.<Device, Nothing>of(
                                "device_del", Device.class, Nothing.class, "Removes.", FakeCommands::noDevice),
                        Command.<Nothing, List<Named>>of(
                                "query-names",
                                Nothing.class,
                                ListType.of(Named.class),
                                "Names.",
                                nothing -> List.of(new Named("a"), new Named("b")))),
                List.of(STOP, CHANGE));
    }

    private Nothing stop() {
        sink.emit(STOP.with(Nothing.INSTANCE));
        state = RunState.PAUSED;
        return Nothing.INSTANCE;
    }

    private Nothing tell() {
        sink.emit(STOP.with(Nothing.INSTANCE));
        throw new QmpException("no");
    }

    private Nothing cont() {
        state = RunState.RUNNING;
        return Nothing.INSTANCE;
    }

    private Nothing awaitGate() {
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Nothing.INSTANCE;
    }

    private static Nothing fail() {
        throw new IllegalStateException("two and two are five");
    }

    private static Nothing noDevice(Device device) {
        throw new QmpException(ErrorClass.DEVICE_NOT_FOUND, "Device '" + device.id() + "' not found");
    }
}
