package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.host.process.RequestTable;

/// The data file of one migration session: a stream. Any thread.
public final class MigrationFile extends OpenFile {
    /// Some of what was offered before has become invalid and is offered anew.
    public static final int REINIT = 1;

    /// VFIO_MIG_GET_PRECOPY_INFO.
    public record GetPrecopyInfo() implements Request<PrecopyInfo> {}

    /// How far a device that still runs has been read.
    ///
    /// @param flags [#REINIT], for those that opted into it
    /// @param initialBytes should be 0 before the device is stopped
    public record PrecopyInfo(int flags, long initialBytes, long dirtyBytes) {}

    private static final RequestTable<MigrationFile> REQUESTS = RequestTable.of("vfio-mig", MigrationFile.class)
            .on("VFIO_MIG_GET_PRECOPY_INFO", GetPrecopyInfo.class, (file, caller, request) -> file.precopyInfo());

    private final VfioDevice device;
    private final MigrationSession session = new MigrationSession();

    MigrationFile(VfioDevice device) {
        this.device = device;
    }

    MigrationSession session() {
        return session;
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    private PrecopyInfo precopyInfo() {
        return Inside.of(device.strand(), () -> {
            if (!device.migrationState().isPreCopy()) {
                throw refuse(Errno.EINVAL, "the device is in " + device.migrationState());
            }
            return new PrecopyInfo(0, session.initialBytes(), 0);
        });
    }

    /// Whether a read or a write would answer now, as poll(2) asks.
    public boolean isReady() {
        return Inside.of(device.strand(), session::isReady);
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        return Inside.of(device.strand(), () -> session.read(target, offset, length));
    }

    @Override
    public int write(byte[] source, int offset, int length) {
        return Inside.of(device.strand(), () -> session.write(source, offset, length));
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        throw refuse(Errno.ESPIPE, "pread");
    }

    @Override
    public int write(long position, byte[] source, int offset, int length) {
        throw refuse(Errno.ESPIPE, "pwrite");
    }

    /// The user is done with it; the device stays in its state.
    @Override
    protected void released() {}
}
