package io.sluice.vmm.testkit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Where a [QmpTranscript] is played: makes the machines that it asks for, one at a time.
public interface QmpStage {
    /// Ends the machine that is there and makes another.
    ///
    /// @param words what it shall be like
    /// @return a connection to it that has said nothing yet
    QmpTestClient machine(List<String> words) throws IOException;

    /// Waits until the guest has printed this, after what was waited for before.
    void await(String text);

    /// Types on the guest's console.
    void type(String text);

    /// Of the machine that is there, and empty but for what the machine itself has put there.
    Path directory();
}
