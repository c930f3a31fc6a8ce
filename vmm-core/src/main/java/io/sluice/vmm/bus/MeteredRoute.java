package io.sluice.vmm.bus;

/// A [Route] that counts. A class of its own, so that the other one costs what it costs without meters; `TrapBenchmark`
/// measures both.
final class MeteredRoute extends Route {
    private final TrapMeter meter;

    MeteredRoute(AddressSpace space, TrapMeter meter) {
        super(space);
        this.meter = meter;
    }

    @Override
    public long read(long address, int size) {
        var device = device(address, size);
        if (device == null && isRam(address)) {
            return super.read(address, size);
        }
        if (!meter.countRead()) {
            return device != null ? Transactions.read(device, address, size) : super.read(address, size);
        }
        long start = System.nanoTime();
        long value = device != null ? Transactions.read(device, address, size) : super.read(address, size);
        meter.readTime().record(System.nanoTime() - start);
        return value;
    }

    @Override
    public void write(long address, int size, long value) {
        var device = device(address, size);
        if (device == null) {
            if (!isRam(address)) {
                meter.countWrite();
            }
            super.write(address, size, value);
            return;
        }
        if (meter.countWrite()) {
            long start = System.nanoTime();
            Transactions.write(device, address, size, value);
            meter.writeTime().record(System.nanoTime() - start);
        } else {
            Transactions.write(device, address, size, value);
        }
        if (device.deferred() && device.device().startsWork(device.offset() + (address - device.first()))) {
            meter.posted().record(device.strand().backlog());
        }
    }
}
