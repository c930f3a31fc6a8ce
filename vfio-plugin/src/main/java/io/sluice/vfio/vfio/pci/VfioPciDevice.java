package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.host.pci.HostResets;
import io.sluice.vfio.host.pci.HostVectors;
import io.sluice.vfio.vfio.MappedDevice;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioDeviceOps;
import io.sluice.vfio.vfio.VfioFeature;
import io.sluice.vfio.vfio.VfioInterrupts;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.PciFunction;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A function of the host as a vfio device: the vfio-pci driver, bound to it.
///
/// While nobody has it open the function sleeps. Opening takes bus mastering away, resets it and makes the shadow of
/// its configuration space; closing silences it, puts its registers back and resets it again. Everything on the
/// function's strand.
public final class VfioPciDevice implements VfioDeviceOps {
    private static final int TOKEN_FEATURE = 0;

    private final HostFunction host;
    private final PciFunction function;
    private final IommuDevice iommu;
    private final Steps steps;
    private final HardwareConfig hardware;
    private final Identity identity;
    private final TokenRule token;
    private final BarPlan bars;
    private final FunctionReset reset;
    private final PowerState power;
    private final LowPower lowPower;
    private final IntxPin pin;
    private final MessageVectors messages;
    private final PciInterrupts interrupts;
    private final PciRegions regions;
    private final boolean isExpress;
    private boolean canReset;
    private boolean resetting;
    private boolean unbound;
    private @Nullable VfioInterrupts listeners;
    private @Nullable VirtualConfig config;
    private @Nullable SavedState saved;

    /// What the driver is given with a function.
    ///
    /// @param isAloneOnBus whether resetting its bus resets nothing else
    /// @param rom its expansion ROM, as the host has kept it; null for none
    /// @param steps of its host
    public record Place(
            HostVectors vectors,
            boolean isAloneOnBus,
            @Nullable Rom rom,
            Steps steps) {
        /// Without a ROM.
        public static Place of(HostPci host, HostFunction function, Steps steps) {
            return new Place(host.vectors(), host.resets().method(function) == HostResets.Method.BUS, null, steps);
        }
    }

    private VfioPciDevice(HostFunction host, Identity identity, Place place, TokenRule token) {
        this.host = host;
        this.token = token;
        this.function = host.pci();
        this.iommu = host.iommu();
        this.steps = place.steps();
        this.identity = identity;
        this.hardware = new HardwareConfig(function);
        this.power = new PowerState(hardware);
        power.set(PowerState.D0);
        var rom = place.rom();
        this.bars = new BarPlan(function.bars(), rom == null ? 0 : rom.size());
        this.reset = new FunctionReset(function, hardware, iommu.group(), place.isAloneOnBus());
        this.canReset = reset.method() != FunctionReset.Method.NONE;
        this.lowPower = new LowPower(power, this::settleMappings);
        this.pin = new IntxPin(function, hardware);
        this.messages = new MessageVectors(host, hardware, place.vectors(), bars);
        this.interrupts = new PciInterrupts(pin, messages);
        this.isExpress = hardware.find(ConfigPart.EXPRESS) != 0;
        this.regions = new PciRegions(
                function, bars, messages, rom, isExpress ? HardwareConfig.EXTENDED : HardwareConfig.CONVENTIONAL);
        power.set(PowerState.D3_HOT);
    }

    /// Binds the driver to a function, which no other driver has. From a thread that is in no strand.
    ///
    /// @throws HostException ENODEV if the function is gone
    public static VfioPciDevice bind(HostFunction host, Place place) {
        return bind(host, place, TokenRule.NONE);
    }

    static VfioPciDevice bind(HostFunction host, Place place, TokenRule token) {
        var identity = Identity.of(host, host.configRead(HardwareConfig.INTERRUPT_PIN, 1));
        var made = new @Nullable VfioPciDevice[1];
        host.pci().strand().call(() -> made[0] = new VfioPciDevice(host, identity, place, token));
        var device = made[0];
        if (device == null) {
            throw new IllegalStateException("the strand did not run its task");
        }
        host.onPin(device.pin::level);
        return device;
    }

    /// The driver leaves the function, which is awake and quiet then. Who has it open has a device that does not
    /// answer.
    /// From a thread that is in no strand.
    public void unbind() {
        host.onPin(IrqLine.NONE);
        function.strand().call(() -> {
            if (config != null) {
                quiet();
            }
            power.set(PowerState.D0);
            unbound = true;
        });
    }

    // ---- what it is

    @Override
    public List<VfioRegion> regions() {
        return regions.all();
    }

    /// No function of the host is a VGA one.
    @Override
    public boolean hasRegion(int index) {
        return index != VfioRegion.VGA;
    }

    @Override
    public @Nullable MappedDevice mapped(int region) {
        return regions.mapped(region);
    }

    @Override
    public int vectors(VfioIrq irq) {
        return switch (irq) {
            case INTX -> identity.hasIntx() && hardware.get(HardwareConfig.INTERRUPT_PIN, 1) != 0 ? 1 : 0;
            case MSI, MSIX -> messages.count(irq);
            case ERR -> isExpress ? 1 : 0;
            case REQ -> 1;
        };
    }

    /// Vectors of MSI-X come and go one by one.
    @Override
    public int irqFlags(VfioIrq irq) {
        return irq == VfioIrq.MSIX ? VfioIrq.Info.EVENTFD : VfioDeviceOps.super.irqFlags(irq);
    }

    @Override
    public IommuDevice iommu() {
        return iommu;
    }

    /// The function that the driver has.
    public HostFunction function() {
        return host;
    }

    private boolean isGone() {
        return unbound || function.requester() == null;
    }

    // ---- open and close

    @Override
    public void opened(VfioInterrupts told) {
        if (isGone()) {
            throw new HostException(Errno.ENODEV, function.name() + " has left the host");
        }
        steps.pass("vfio_pci.open.state");
        power.set(PowerState.D0);
        int command = hardware.command();
        hardware.command(HardwareConfig.MASTER, 0);
        try {
            resetAtOpen();
            hardware.command(HardwareConfig.INTX_DISABLE, enables());
            steps.pass("vfio_pci.open.shadow");
        } catch (HostException e) {
            hardware.set(HardwareConfig.COMMAND, 2, command & ~HardwareConfig.MASTER);
            power.set(PowerState.D3_HOT);
            throw e;
        }
        saved = new SavedState(hardware);
        listeners = told;
        config = new VirtualConfig(hardware, new ConfigLayout(hardware), bars, identity, new Effects());
        pin.opened(told, false);
        messages.opened(told);
        token.use(true);
        settleMappings();
    }

    /// Its registers are kept over the reset. One that does not work costs the user his reset, not the device.
    private void resetAtOpen() {
        canReset = reset.method() != FunctionReset.Method.NONE;
        if (!canReset) {
            return;
        }
        var before = new SavedState(hardware);
        try {
            reset.run();
            before.restore();
        } catch (HostException e) {
            if (e.errno() == Errno.EAGAIN) {
                throw e;
            }
            canReset = false;
        }
    }

    /// What a host turns on to let a device be reached.
    private int enables() {
        int enables = 0;
        for (var bar : function.bars()) {
            enables |= bar.kind() == Bar.Kind.IO ? HardwareConfig.IO : HardwareConfig.MEMORY;
        }
        return enables;
    }

    @Override
    public void closed() {
        token.use(false);
        if (!unbound) {
            quiet();
        }
    }

    private void quiet() {
        power.set(PowerState.D0);
        hardware.command(HardwareConfig.MASTER, 0);
        interrupts.allOff();
        lowPower.forget();
        config = null;
        settleMappings();
        if (reset.method() != FunctionReset.Method.NONE) {
            try {
                reset.run();
            } catch (HostException e) {
                // It sends nothing any more; the IOMMU need not know.
                reset.runUnstaged();
            }
        }
        var state = saved;
        if (state != null) {
            state.restore();
        }
        saved = null;
        listeners = null;
        power.set(PowerState.D3_HOT);
    }

    // ---- regions

    private VirtualConfig config() {
        var here = config;
        if (here == null) {
            throw new HostException(Errno.EINVAL, function.name() + " is not open");
        }
        return here;
    }

    @Override
    public long read(int region, long offset, int size) {
        return lowPower.isEntered()
                ? lowPower.awake(() -> readAwake(region, offset, size))
                : readAwake(region, offset, size);
    }

    private long readAwake(int region, long offset, int size) {
        if (region == VfioRegion.CONFIG) {
            return isGone() ? -1 : readConfig((int) offset, size);
        }
        requireHere();
        return regions.read(region, offset, size, isDecoding());
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        if (lowPower.isEntered()) {
            lowPower.awake(() -> {
                writeAwake(region, offset, size, value);
                return 0;
            });
        } else {
            writeAwake(region, offset, size, value);
        }
    }

    private void writeAwake(int region, long offset, int size, long value) {
        if (region != VfioRegion.CONFIG) {
            requireHere();
            regions.write(region, offset, size, value, isDecoding());
        } else if (!isGone()) {
            writeConfig((int) offset, size, value);
        }
    }

    private void requireHere() {
        if (isGone()) {
            throw new HostException(Errno.EIO, function.name() + " has left the host");
        }
    }

    private boolean isDecoding() {
        boolean enabled = identity.isVirtual() || (hardware.command() & HardwareConfig.MEMORY) != 0;
        return enabled && power.now() == PowerState.D0 && !resetting && config != null;
    }

    private long readConfig(int at, int size) {
        if (size == 8) {
            return config().read(at, 4) & 0xFFFF_FFFFL | (long) config().read(at + 4, 4) << 32;
        }
        return config().read(at, size) & -1L >>> 64 - 8 * size;
    }

    private void writeConfig(int at, int size, long value) {
        if (size == 8) {
            config().write(at, 4, (int) value);
            config().write(at + 4, 4, (int) (value >> 32));
        } else {
            config().write(at, size, (int) value);
        }
    }

    private void settleMappings() {
        regions.set(isDecoding() && !lowPower.isEntered());
    }

    // ---- interrupts

    @Override
    public int setIrqs(SetIrqs request, VfioInterrupts told) {
        var irq = request.validate(this);
        if (irq == VfioIrq.ERR || irq == VfioIrq.REQ) {
            return VfioDeviceOps.super.setIrqs(request, told);
        }
        if (isGone()) {
            throw new HostException(Errno.ENODEV, function.name() + " has left the host");
        }
        return interrupts.set(irq, request);
    }

    /// The function has reported an error that cannot be corrected; its user hears of it.
    public void errorReported() {
        var told = listeners;
        if (told != null) {
            told.message(VfioIrq.ERR, 0);
        }
    }

    // ---- reset

    @Override
    public boolean canReset() {
        return canReset;
    }

    @Override
    public void reset() {
        if (config == null) {
            return; // closing has reset it, or the driver has left it
        }
        if (!canReset) {
            throw new HostException(Errno.EINVAL, function.name() + " cannot be reset");
        }
        lowPower.awake(() -> {
            resetAwake();
            return 0;
        });
    }

    private void resetAwake() {
        power.set(PowerState.D0);
        var state = new SavedState(hardware);
        resetBegins();
        try {
            reset.run();
        } finally {
            state.restore();
            resetEnds();
        }
    }

    /// Before the function is reset, by this driver or with others by their bus: its mappings are shut.
    @Override
    public void resetBegins() {
        resetting = true;
        regions.set(false);
    }

    /// The function has been reset, or nothing came of it; its registers are as before. Its interrupts are on again.
    @Override
    public void resetEnds() {
        resetting = false;
        messages.restore();
        if (config != null) {
            pin.settle();
        }
        settleMappings();
    }

    // ---- features

    @Override
    public @Nullable VfioFeature feature(int id) {
        return id == TOKEN_FEATURE ? token.feature() : lowPower.feature(id);
    }

    @Override
    public void checkToken(@Nullable UUID shown) {
        token.check(shown);
    }

    @Override
    public boolean takesIoeventfd(int region, long offset, int size) {
        return !messages.isTable(region, offset) && !messages.isTable(region, offset + size - 1);
    }

    /// The host has work for the function, or the function for the host.
    public void wake() {
        lowPower.wake();
    }

    /// What writes of configuration space bring about.
    private final class Effects implements ConfigEffects {
        @Override
        public void memoryGoesOff() {
            regions.set(false);
        }

        @Override
        public void decodingChanged() {
            settleMappings();
        }

        @Override
        public void intxDisabled(boolean disabled) {
            pin.disable(disabled);
        }

        @Override
        public boolean usesMsi() {
            return messages.kind() == VfioIrq.MSI;
        }

        @Override
        public void resetByConfig() {
            if (canReset) {
                try {
                    reset();
                } catch (HostException e) {
                    // As hardware that does not answer: the bit reads as 0, and nothing was reset.
                }
            }
        }

        @Override
        public void powerState(int state) {
            if (state == PowerState.D3_HOT) {
                regions.set(false);
            }
            power.set(state);
            settleMappings();
        }
    }
}
