package io.sluice.vmm.control;

import java.util.List;

/// An option of the command line, for scripts that ask.
///
/// @param name without its dash
/// @param parameters the names of what it takes
public record OptionInfo(String name, List<String> parameters) {
    public OptionInfo {
        parameters = List.copyOf(parameters);
    }
}
