package io.sluice.vmm.control;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Live migration as far as this machine goes: scripts find that none runs and that none can be started.
final class MigrationCommands {
    private final Set<MigrationCapability> enabled = EnumSet.noneOf(MigrationCapability.class);

    /// Of QEMU's capabilities those that clients ask for.
    enum MigrationCapability implements QapiEnum {
        XBZRLE,
        AUTO_CONVERGE,
        EVENTS,
        POSTCOPY_RAM,
        RETURN_PATH,
        PAUSE_BEFORE_SWITCHOVER,
        MULTIFD
    }

    record Migration(
            @Member("How it stands; absent if none was started.") @Nullable
            String status) {}

    record CapabilityState(
            @Member("The capability.") MigrationCapability capability,
            @Member("Whether it is on.") boolean state) {}

    record CapabilitiesArguments(@Member("What to switch.") List<CapabilityState> capabilities) {}

    record MigrateArguments(
            @Member("Where to.") String uri,
            @Member("Ignored.") @Nullable Boolean blk,
            @Member("Ignored.") @Nullable Boolean inc,
            @Member("Ignored.") @Nullable Boolean detach,
            @Member("Ignored.") @Nullable Boolean resume) {}

    record IncomingArguments(@Member("Where from.") String uri) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "query-migrate",
                        Nothing.class,
                        Migration.class,
                        "How the migration stands; none was ever started.",
                        none -> new Migration(null)),
                Command.of(
                        "query-migrate-capabilities",
                        Nothing.class,
                        ListType.of(CapabilityState.class),
                        "What a migration would do.",
                        this::capabilities),
                Command.of(
                        "migrate-set-capabilities",
                        CapabilitiesArguments.class,
                        Nothing.class,
                        "Switches what a migration would do; only 'events' can be on.",
                        this::setCapabilities),
                Command.of(
                        "migrate",
                        MigrateArguments.class,
                        Nothing.class,
                        "Refused: this machine cannot be migrated.",
                        this::migrate),
                Command.of(
                        "migrate_cancel",
                        Nothing.class,
                        Nothing.class,
                        "Ends a migration; there is none to end.",
                        none -> none),
                Command.of(
                        "migrate-incoming",
                        IncomingArguments.class,
                        Nothing.class,
                        "Refused: the machine was not started to be migrated to.",
                        this::incoming));
    }

    private List<CapabilityState> capabilities(Nothing none) {
        return Arrays.stream(MigrationCapability.values())
                .map(c -> new CapabilityState(c, enabled.contains(c)))
                .toList();
    }

    private Nothing setCapabilities(CapabilitiesArguments arguments) {
        for (var wanted : arguments.capabilities) {
            if (wanted.state && wanted.capability != MigrationCapability.EVENTS) {
                throw new QmpException("MigrationCapability '" + wanted.capability.text() + "' is not available here");
            }
        }
        for (var wanted : arguments.capabilities) {
            if (wanted.state) {
                enabled.add(wanted.capability);
            } else {
                enabled.remove(wanted.capability);
            }
        }
        return Nothing.INSTANCE;
    }

    private Nothing migrate(MigrateArguments arguments) {
        throw new QmpException("This machine cannot be migrated");
    }

    private Nothing incoming(IncomingArguments arguments) {
        throw new QmpException("'-incoming' was not specified on the command line");
    }
}
