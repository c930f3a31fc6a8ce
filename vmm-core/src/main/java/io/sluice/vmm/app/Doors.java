package io.sluice.vmm.app;

import io.sluice.vmm.control.OptionInfo;
import io.sluice.vmm.gdb.GdbTarget;
import io.sluice.vmm.qmp.QmpEndpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The ways into a running machine from outside, as the command line asks for them.
///
/// @param debugger where a debugger is waited for, if one is
/// @param control the control sockets
/// @param known the options of the command line, for scripts that ask
record Doors(@Nullable GdbTarget debugger, List<QmpEndpoint> control, List<OptionInfo> known) {
    Doors {
        control = List.copyOf(control);
        known = List.copyOf(known);
    }

    static Doors read(Options options) {
        return new Doors(GdbOptions.read(options), new MonitorOptions(options).endpoints(), OptionParameters.known());
    }
}
