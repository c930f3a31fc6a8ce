package io.sluice.vmm.disk;

import static io.sluice.vmm.disk.LinuxFile.EAGAIN;
import static io.sluice.vmm.disk.LinuxFile.EINTR;
import static io.sluice.vmm.disk.LinuxFile.EINVAL;
import static io.sluice.vmm.disk.LinuxFile.EIO;
import static io.sluice.vmm.disk.LinuxFile.EOPNOTSUPP;
import static io.sluice.vmm.disk.LinuxFile.FALLOC_KEEP_SIZE;
import static io.sluice.vmm.disk.LinuxFile.FALLOC_PUNCH_HOLE;
import static io.sluice.vmm.disk.LinuxFile.FALLOC_ZERO_RANGE;

import io.sluice.vmm.memory.HostBuffer;
import java.nio.file.Path;

/// An open file, or block device, of raw blocks. Any thread; calls that say so may wait for the disk.
///
/// What moves bytes returns how many, and what else can fail 0; a negative result is the negative errno.
public final class DiskFile implements AutoCloseable {
    private static final int ZEROES = 1 << 20;

    private final Path path;
    private final int fd;
    private final boolean readOnly;
    private final long size;
    private volatile boolean readsAtOnce = true;
    private volatile boolean writesAtOnce = true;

    private DiskFile(Path path, int fd, boolean readOnly, long size) {
        this.path = path;
        this.fd = fd;
        this.readOnly = readOnly;
        this.size = size;
    }

    /// Opens a file that nobody else uses in a way that does not go with this one.
    ///
    /// @throws DiskException in QEMU's words
    public static DiskFile open(Path path, boolean readOnly) {
        int fd = LinuxFile.open(path.toString(), readOnly ? LinuxFile.O_RDONLY : LinuxFile.O_RDWR);
        if (fd < 0) {
            throw new DiskException("Could not open '" + path + "': " + LinuxFile.text(-fd));
        }
        boolean opened = false;
        try {
            long size = LinuxFile.size(fd);
            if (size < 0) {
                throw new DiskException("Could not open '" + path + "': " + LinuxFile.text((int) -size));
            }
            ImageLock.take(path, fd, readOnly);
            opened = true;
            return new DiskFile(path, fd, readOnly, size);
        } finally {
            if (!opened) {
                LinuxFile.close(fd);
            }
        }
    }

    public Path path() {
        return path;
    }

    public boolean isReadOnly() {
        return readOnly;
    }

    /// Bytes, when it was opened.
    public long size() {
        return size;
    }

    /// Reads as much as can be had without waiting. Anything but all of it means: ask again where one may wait.
    public long tryRead(IoVector into, long offset) {
        if (!readsAtOnce) {
            return -EAGAIN;
        }
        long n = LinuxFile.readv(fd, into, offset, LinuxFile.RWF_NOWAIT);
        if (n == -EOPNOTSUPP) {
            readsAtOnce = false;
        }
        return n;
    }

    /// Whether [#tryWrite] can be worth its while: not every file system has it.
    public boolean writesAtOnce() {
        return writesAtOnce;
    }

    /// Writes as much as can be written without waiting. Anything but all of it means: write it where one may wait.
    public long tryWrite(IoVector from, long offset) {
        if (!writesAtOnce) {
            return -EAGAIN;
        }
        long n = LinuxFile.writev(fd, from, offset, LinuxFile.RWF_NOWAIT);
        if (n == -EOPNOTSUPP) {
            writesAtOnce = false;
        }
        return n;
    }

    /// Reads all; may wait. The end of the file within it is an error.
    public long read(IoVector scratch, long host, int length, long offset) {
        int done = 0;
        while (done < length) {
            long n = LinuxFile.readv(fd, scratch.only(host + done, length - done), offset + done, 0);
            if (n == 0) {
                return -EIO;
            }
            if (n > 0) {
                done += (int) n;
            } else if (n != -EINTR) {
                return n;
            }
        }
        return done;
    }

    /// Writes all; may wait.
    ///
    /// @param durable whether it has to be on the medium then
    public long write(IoVector scratch, long host, int length, long offset, boolean durable) {
        int flags = durable ? LinuxFile.RWF_DSYNC : 0;
        int done = 0;
        while (done < length) {
            long n = LinuxFile.writev(fd, scratch.only(host + done, length - done), offset + done, flags);
            if (n == 0) {
                return -EIO;
            }
            if (n > 0) {
                done += (int) n;
            } else if (n != -EINTR) {
                return n;
            }
        }
        return done;
    }

    /// Brings everything that was written to the medium; waits.
    public long sync(IoVector scratch) {
        return LinuxFile.sync(fd, scratch);
    }

    /// Gives blocks back, which read as zeroes from then on, where the file can do that; may wait.
    public long discard(IoVector scratch, long offset, long length) {
        return LinuxFile.allocate(fd, FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE, offset, length, scratch);
    }

    /// Makes blocks read as zeroes, as cheaply as the file can; may wait.
    ///
    /// @param giveBack whether the blocks may be given back
    public long zero(IoVector scratch, long offset, long length, boolean giveBack) {
        long result = giveBack ? discard(scratch, offset, length) : -EOPNOTSUPP;
        if (isUnknown(result)) {
            result = LinuxFile.allocate(fd, FALLOC_KEEP_SIZE | FALLOC_ZERO_RANGE, offset, length, scratch);
        }
        return isUnknown(result) ? writeZeroes(scratch, offset, length) : result;
    }

    private static boolean isUnknown(long result) {
        return result == -EOPNOTSUPP || result == -EINVAL;
    }

    private long writeZeroes(IoVector scratch, long offset, long length) {
        try (var zeroes = HostBuffer.allocate(Math.min(ZEROES, length))) {
            for (long done = 0; done < length; ) {
                int chunk = (int) Math.min(zeroes.size(), length - done);
                long n = write(scratch, zeroes.base(), chunk, offset + done, false);
                if (n < 0) {
                    return n;
                }
                done += chunk;
            }
        }
        return 0;
    }

    @Override
    public void close() {
        LinuxFile.close(fd);
    }
}
