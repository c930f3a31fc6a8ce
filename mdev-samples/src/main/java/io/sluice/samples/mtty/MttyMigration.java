package io.sluice.samples.mtty;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.MigrationOps;
import io.sluice.vfio.vfio.MigrationState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A card's state as a stream, version 1.0: a header, then 36 bytes for each port. What comes in is not trusted.
final class MttyMigration implements MigrationOps {
    static final int HEADER = 24;

    private static final long MAGIC = 0x7E9D_0989_8C3E_2C4EL;
    private static final int MAJOR = 1;
    private static final int MINOR = 0;

    private final UartPort[] ports;
    private final Runnable loaded;

    /// @param loaded told when the ports have taken another state
    MttyMigration(UartPort[] ports, Runnable loaded) {
        this.ports = ports;
        this.loaded = loaded;
    }

    private int total() {
        return HEADER + ports.length * UartPort.SAVED;
    }

    @Override
    public int flags() {
        return STOP_COPY | P2P | PRE_COPY;
    }

    @Override
    public long stopCopyLength() {
        return total();
    }

    /// A frozen card's receive timeouts stand still.
    @Override
    public void arc(MigrationState from, MigrationState to) {
        if (from.isRunning() != to.isRunning()) {
            for (var port : ports) {
                port.freeze(!to.isRunning());
            }
        }
    }

    private ByteBuffer header() {
        return ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MAGIC)
                .putInt(MAJOR)
                .putInt(MINOR)
                .putInt(ports.length)
                .putInt(0);
    }

    @Override
    public byte[] preCopy() {
        return header().array();
    }

    @Override
    public byte[] stopCopy(boolean rest) {
        var all = ByteBuffer.allocate(total() - (rest ? HEADER : 0)).order(ByteOrder.LITTLE_ENDIAN);
        if (!rest) {
            all.put(header().array());
        }
        for (var port : ports) {
            port.save(all);
        }
        return all.array();
    }

    @Override
    public Loader loader() {
        return new Stream();
    }

    /// What has come in so far.
    private final class Stream implements Loader {
        private final ByteBuffer data = ByteBuffer.allocate(total()).order(ByteOrder.LITTLE_ENDIAN);

        @Override
        public void write(byte[] source, int offset, int length) {
            if (length > data.remaining()) {
                throw new HostException(Errno.ENOMEM, "a card has no more state");
            }
            data.put(source, offset, length);
            if (data.position() >= HEADER) {
                requireHeader();
            }
        }

        private void requireHeader() {
            if (!data.slice(0, HEADER).equals(header().flip())) {
                throw new HostException(Errno.EFAULT, "not the state of such a card");
            }
        }

        @Override
        public void finish() {
            if (data.hasRemaining()) {
                throw new HostException(Errno.EINVAL, "the state is not whole");
            }
            requireHeader();
            for (int i = 0; i < ports.length; i++) {
                UartPort.require(port(i));
            }
            for (int i = 0; i < ports.length; i++) {
                ports[i].load(port(i));
            }
            loaded.run();
        }

        private ByteBuffer port(int index) {
            return data.slice(HEADER + index * UartPort.SAVED, UartPort.SAVED).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
