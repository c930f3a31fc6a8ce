package io.sluice.guest.boot;

import io.sluice.guest.testkit.GuestSession;
import java.io.IOException;
import java.nio.file.Files;

/// What the README tells a newcomer to type.
final class Readme {
    private Readme() {}

    /// The arguments of the first command, which starts `./sluice`.
    static String[] firstCommand() throws IOException {
        var lines = Files.readAllLines(GuestSession.repository().resolve("README.md"));
        var command =
                lines.get(lines.indexOf("```sh") + 1).replaceFirst("#.*", "").strip();
        if (!command.startsWith("./sluice ")) {
            throw new AssertionError("the README's first command is '" + command + "'");
        }
        return command.substring("./sluice ".length()).split(" +");
    }
}
