package io.sluice.vmm.control;

import java.util.List;

/// A command of the monitor.
///
/// @param names what it is called, with `|` between
/// @param parameters as `help` shows them
/// @param help what it does
/// @param action reads its arguments to the end, then acts
record HumanCommand(String names, String parameters, String help, Action action) {
    /// What a command does.
    interface Action {
        /// @throws HumanException if the arguments are not understood; then nothing has been done
        void run(HumanArguments arguments, HumanText out);
    }

    boolean isCalled(String name) {
        return List.of(names.split("\\|")).contains(name);
    }

    void help(String prefix, HumanText out) {
        out.line(prefix + names + " " + parameters + " -- " + help);
    }
}
