package io.sluice.vfio.iommufd.ioas;

/// I/O virtual addresses `first..last`, both inclusive and unsigned.
public record IovaRange(long first, long last) {
    /// All that there are.
    public static final IovaRange ALL = new IovaRange(0, -1);

    /// Whether some address lies in both.
    public boolean meets(long first, long last) {
        return Long.compareUnsigned(this.first, last) <= 0 && Long.compareUnsigned(first, this.last) <= 0;
    }

    @Override
    public String toString() {
        return "0x" + Long.toHexString(first) + "..0x" + Long.toHexString(last);
    }
}
