package io.sluice.vmm.qapi;

/// Which Sluice this is.
public final class Release {
    private static final String UNPACKED = "0.1.0";

    private Release() {}

    /// The version of the archive that the program came in; of classes that come in none, the one they will have.
    public static String number() {
        var version = Release.class.getPackage().getImplementationVersion();
        return version == null ? UNPACKED : version;
    }
}
