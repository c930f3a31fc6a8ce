package io.sluice.vmm.machine;

import io.sluice.vmm.pci.DmaFault;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a machine tells of its life, under QEMU's names.
public final class MachineEvents {
    public static final EventType<Nothing> STOP = EventType.of("STOP", Nothing.class, "The vCPUs have stopped.");
    public static final EventType<Nothing> RESUME = EventType.of("RESUME", Nothing.class, "The vCPUs go on.");
    public static final EventType<Nothing> POWERDOWN =
            EventType.of("POWERDOWN", Nothing.class, "The power button was pressed; the guest decides.");
    public static final EventType<Cause> RESET = EventType.of("RESET", Cause.class, "The machine was reset.");
    public static final EventType<Cause> SHUTDOWN = EventType.of("SHUTDOWN", Cause.class, "The machine has ended.");
    public static final EventType<Panicked> GUEST_PANICKED =
            EventType.of("GUEST_PANICKED", Panicked.class, "The guest's kernel has panicked.");
    public static final EventType<Unplugged> DEVICE_DELETED =
            EventType.of("DEVICE_DELETED", Unplugged.class, "A device is gone, and everything that it held.");
    public static final EventType<Unplugged> DEVICE_UNPLUG_GUEST_ERROR =
            EventType.of("DEVICE_UNPLUG_GUEST_ERROR", Unplugged.class, "The guest has refused to let go of a device.");
    public static final EventType<RtcChange> RTC_CHANGE = EventType.of(
                    "RTC_CHANGE", RtcChange.class, "The guest has set the board's clock.")
            .limitedBy(change -> "");

    public static final EventType<DmaFaulted> DMA_FAULT = EventType.of(
                    "X_SLUICE_DMA_FAULT",
                    DmaFaulted.class,
                    "A device's DMA request did not reach memory, or not all of it.")
            .limitedBy(DmaFaulted::bdf);

    private MachineEvents() {}

    /// @param guest whether the guest did it
    public record Cause(
            @Member("Whether the guest did it.") boolean guest,
            @Member("What did it.") ShutdownCause reason) {
        Cause(ShutdownCause reason) {
            this(reason.isGuest(), reason);
        }
    }

    /// What becomes of a machine whose guest has panicked.
    public enum PanicOutcome implements QapiEnum {
        PAUSE,
        POWEROFF,
        RUN
    }

    public record Panicked(
            @Member("What becomes of the machine.") PanicOutcome action) {}

    /// @param device null if the user gave it no name
    public record Unplugged(
            @Member("The user's name of the device.") @Nullable
            String device,

            @Member("Its place in the object tree.") String path) {}

    /// @param offset seconds
    public record RtcChange(
            @Member("How far the clock now is from the host's, in seconds.")
            long offset,

            @Member("The clock's place in the object tree.") String qomPath) {}

    public enum DmaOperation implements QapiEnum {
        READ,
        WRITE
    }

    /// Why a DMA request failed.
    public enum DmaFaultReason implements QapiEnum {
        BUS_MASTER_OFF,
        UNCLAIMED
    }

    public record DmaFaulted(
            @Member("Who sent the request.") String bdf,
            @Member("What kind of device that is.") String driver,
            @Member("What was asked for.") DmaOperation operation,

            @Member("The request's PASID, if it had one.") @Nullable
            Long pasid,

            @Member("The first address of the request.") long iova,
            @Member("Bytes that were asked for.") long length,

            @Member(
                    "What was wrong: bus mastering is off in the function or in a bridge above it, or nothing claimed all"
                            + " of the range.")
            DmaFaultReason reason,

            @Member("Requests of this function that have failed so far.")
            long faults) {
        static DmaFaulted of(DmaFault fault) {
            return new DmaFaulted(
                    fault.requester().toString(),
                    fault.function(),
                    fault.write() ? DmaOperation.WRITE : DmaOperation.READ,
                    fault.pasid() == null ? null : (long) fault.pasid().value(),
                    fault.address().bits(),
                    fault.length(),
                    DmaFaultReason.valueOf(fault.reason().name()),
                    fault.faults());
        }
    }

    /// Every kind.
    public static List<EventType<?>> all() {
        return List.of(
                STOP,
                RESUME,
                POWERDOWN,
                RESET,
                SHUTDOWN,
                GUEST_PANICKED,
                DEVICE_DELETED,
                DEVICE_UNPLUG_GUEST_ERROR,
                RTC_CHANGE,
                DMA_FAULT);
    }
}
