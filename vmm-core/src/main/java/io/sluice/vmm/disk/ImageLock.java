package io.sluice.vmm.disk;

import java.nio.file.Path;

/// Locks on an image that other programs of QEMU's kind see and respect: a byte for each thing that one does with the
/// image, and one for each thing that one does not want others to do. Whoever writes wants to be the only writer;
/// whoever
/// reads wants no writer.
final class ImageLock {
    private static final long DOES = 100;
    private static final long FORBIDS = 200;

    /// What one can do with an image, by the number of its byte.
    private enum Use {
        READ("consistent read", 0),
        WRITE("write", 1),
        RESIZE("resize", 3);

        private final String text;
        private final int index;

        Use(String text, int index) {
            this.text = text;
            this.index = index;
        }
    }

    private ImageLock() {}

    /// @throws DiskException if somebody else uses the image in a way that does not go with this one
    static void take(Path path, int fd, boolean readOnly) {
        does(path, fd, Use.READ);
        if (!readOnly) {
            does(path, fd, Use.WRITE);
            does(path, fd, Use.RESIZE);
        }
        forbids(path, fd, Use.WRITE);
        forbids(path, fd, Use.RESIZE);
    }

    private static void does(Path path, int fd, Use use) {
        hold(path, fd, DOES + use.index, use);
        check(path, fd, FORBIDS + use.index, use, "");
    }

    private static void forbids(Path path, int fd, Use use) {
        hold(path, fd, FORBIDS + use.index, use);
        check(path, fd, DOES + use.index, use, "shared ");
    }

    /// A file system without such locks has no images that others could lock.
    private static void hold(Path path, int fd, long at, Use use) {
        int result = LinuxFile.lock(fd, LinuxFile.F_OFD_SETLK, LinuxFile.F_RDLCK, at);
        if (result == -LinuxFile.EAGAIN || result == -LinuxFile.EACCES) {
            throw refusal(path, use.text, "");
        }
    }

    private static void check(Path path, int fd, long at, Use use, String how) {
        int inTheWay = LinuxFile.lock(fd, LinuxFile.F_OFD_GETLK, LinuxFile.F_WRLCK, at);
        if (inTheWay >= 0 && inTheWay != LinuxFile.F_UNLCK) {
            throw refusal(path, use.text, how);
        }
    }

    private static DiskException refusal(Path path, String use, String how) {
        return new DiskException(
                "Failed to get " + how + "\"" + use + "\" lock\nIs another process using the image [" + path + "]?");
    }
}
