package io.sluice.vmm.qmp;

/// The same as [StreamMutationTest], guided by coverage: what `.ci/fuzz qmp` runs. It is no test of the ordinary run,
/// for
/// Jazzer instruments the whole JVM it is in.
public final class SessionFuzzer {
    private SessionFuzzer() {}

    /// Called by Jazzer, which knows it by its name.
    public static void fuzzerTestOneInput(byte[] bytes) {
        SessionBytes.check(bytes, bytes.length / 2);
    }
}
