package io.sluice.vmm.machine;

import io.sluice.vmm.pci.PciException;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.pci.RootPort;
import io.sluice.vmm.pci.SlotEvents;
import io.sluice.vmm.pci.SlotState;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceType;
import io.sluice.vmm.plugin.Placement;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.plugin.Setting;
import io.sluice.vmm.qapi.EventType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The devices that the user has added to one machine, before its start and while it runs. Used by the thread that
/// owns the machine, which never waits for the guest here.
///
/// A device that the guest may be using goes in two steps: it is asked for, and when the guest has turned its slot off,
/// it is taken out. Between the two the guest may do as it likes.
final class PluginBay {
    private static final int DEVFN = 0xFF;

    private final PluginRegistry registry;
    private final Board board;
    private final PluginContext context;
    private final Consumer<Runnable> control;
    private final EventType.Sink events;
    private final PluginBuses buses = new PluginBuses();
    private final List<PluggedDevice> devices = new ArrayList<>();
    private int anonymous;
    private boolean live;

    /// @param control runs a task on the thread that owns the machine, later
    /// @param events hears of devices that have gone, when they have, or that shall not go
    PluginBay(
            PluginRegistry registry,
            Board board,
            PluginContext context,
            Consumer<Runnable> control,
            EventType.Sink events) {
        this.registry = registry;
        this.board = board;
        this.context = context;
        this.control = control;
        this.events = events;
    }

    // ---- in

    /// Adds a device, to the board before the machine starts and to a slot afterwards.
    ///
    /// @throws PluginException if it cannot be had; then nothing is left of it
    void add(MachineConfig.Part part) {
        var type = registry.deviceType(part.type());
        var bus = buses.find(type, part.properties().get("bus"));
        if (live && !bus.isHotPluggable()) {
            throw notHotPluggable(bus);
        }
        if (live && !type.hotPluggable()) {
            throw new PluginException("Parameter 'driver' expects a pluggable device type");
        }
        var placement = registry.placement(type, part.properties());
        var id = placement.id();
        if (id != null && devices.stream().anyMatch(d -> id.equals(d.id()))) {
            throw new PluginException("Duplicate device ID '" + id + "'");
        }
        var made = registry.createDevice(type, part.properties(), context);
        attach(type, bus, made, placement, registry.settings(type, part.properties()));
    }

    private static PluginException notHotPluggable(PluginBus bus) {
        return new PluginException("Bus '" + bus.name() + "' does not support hotplugging");
    }

    private void attach(DeviceType type, PluginBus bus, Attachable made, Placement placement, List<Setting> settings) {
        var id = placement.id();
        boolean attached = false;
        try {
            if (made instanceof Attachable.Port port) {
                buses.checkSlot(port);
            }
            bus.attach(board.pci, made, placement, live);
            attached = true;
        } catch (PciException e) {
            throw new PluginException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!attached) {
                made.close();
            }
        }
        var path = id != null ? "/machine/peripheral/" + id : "/machine/peripheral-anon/device[" + anonymous++ + "]";
        if (made instanceof Attachable.Port port) {
            buses.add(id, port);
            port.port().listen(new SlotAnswers(port.port()));
        }
        devices.add(new PluggedDevice(id, path, type, bus, made, live, withPlace(settings, made)));
    }

    /// A PCI device also tells slot and function on its bus.
    private static List<Setting> withPlace(List<Setting> settings, Attachable made) {
        var function = PluggedDevice.function(made);
        var at = function == null ? null : function.address();
        if (at == null) {
            return settings;
        }
        var all = new ArrayList<Setting>();
        all.add(new Setting("addr", "int32", (long) (at.bits() & DEVFN)));
        all.addAll(settings);
        return all;
    }

    // ---- out

    /// Asks the guest to give up a device.
    ///
    /// @throws PluginException if there is no such device, or it cannot be asked for now
    void unplug(String name) {
        var device = devices.stream()
                .filter(d -> d.isCalled(name))
                .findFirst()
                .orElseThrow(() -> PluginException.deviceNotFound(name));
        if (device.isLeaving(board.clock.nanos())) {
            throw new PluginException("Device " + name + " is already in the process of unplug");
        }
        if (!(device.bus() instanceof PluginBus.Slot slot) || !slot.isHotPluggable()) {
            throw notHotPluggable(device.bus());
        }
        if (!device.type().hotPluggable()) {
            throw new PluginException("Device '" + device.type().name() + "' does not support hotplugging");
        }
        if (!board.pci.isExposed(slot.port())) {
            // A part of a card that the guest has not seen yet.
            remove(device);
            return;
        }
        if (slot.port().state().power() == SlotState.Indicator.BLINKING) {
            throw new PluginException("Hot-unplug failed: guest is busy (power indicator blinking)");
        }
        var request = device.requestUnplug(board.clock.nanos());
        if (slot.port().requestUnplug(request)) {
            removeCard(slot.port());
        }
    }

    /// What the guest makes of requests for the card behind one port. On the port's strand; each answer is handled by
    /// the thread that owns the machine, and only if the request still stands then.
    private final class SlotAnswers implements SlotEvents {
        private final RootPort port;

        SlotAnswers(RootPort port) {
            this.port = port;
        }

        @Override
        public void released(Object request) {
            control.accept(() -> {
                if (stands(request)) {
                    removeCard(port);
                }
            });
        }

        @Override
        public void refused(Object request) {
            control.accept(() -> {
                if (stands(request)) {
                    refuse(port);
                }
            });
        }
    }

    private boolean stands(Object request) {
        return devices.stream().anyMatch(d -> d.waitsFor(request));
    }

    private List<PluggedDevice> card(RootPort port) {
        return devices.stream()
                .filter(d -> d.bus() instanceof PluginBus.Slot slot && slot.port() == port)
                .toList();
    }

    private void refuse(RootPort port) {
        for (var device : card(port)) {
            if (device.isLeaving()) {
                device.stays();
                events.emit(MachineEvents.DEVICE_UNPLUG_GUEST_ERROR.with(device.event()));
            }
        }
    }

    /// A card goes with all its functions, function 0 last, so that the slot tells of it once.
    private void removeCard(RootPort port) {
        card(port).reversed().stream()
                .sorted((a, b) -> Boolean.compare(isFirst(port, a), isFirst(port, b)))
                .forEach(this::remove);
    }

    private boolean isFirst(RootPort port, PluggedDevice device) {
        return device.device() instanceof Attachable.Pci pci && board.pci.isFirst(port, pci.function());
    }

    private void remove(PluggedDevice device) {
        devices.remove(device);
        detach(device);
        events.emit(MachineEvents.DEVICE_DELETED.with(device.event()));
    }

    private void detach(PluggedDevice device) {
        var function = function(device.device());
        if (function != null) {
            board.pci.remove(function);
            if (function.showsMemory()) {
                board.settle();
            }
        }
        device.device().close();
    }

    private static @Nullable PciFunction function(Attachable device) {
        return switch (device) {
            case Attachable.Pci pci -> pci.function();
            case Attachable.Port port -> port.port().function();
            case Attachable.Platform platform -> null;
        };
    }

    // ---- life

    /// Before a reset: a guest that is gone holds nothing, so what was asked for goes now.
    void finishUnplugs() {
        for (var device : List.copyOf(devices)) {
            if (device.isLeaving() && device.bus() instanceof PluginBus.Slot slot && devices.contains(device)) {
                removeCard(slot.port());
            }
        }
    }

    /// Resets what has fixed addresses; PCI functions are reset with their bus. From now on the guest may run.
    void reset() {
        live = true;
        for (var device : devices) {
            if (device.device() instanceof Attachable.Platform platform) {
                platform.reset().run();
            }
        }
    }

    /// The device that the guest finds as `function`; null if the user has not added it.
    @Nullable
    DeviceInfo device(PciFunction function) {
        for (var device : devices) {
            if (function.equals(device.function())) {
                return device.info();
            }
        }
        return null;
    }

    /// What there is to see, device by device.
    List<DisplayHead> displays() {
        var all = new ArrayList<DisplayHead>();
        for (var device : devices) {
            if (device.device() instanceof Attachable.Pci pci) {
                for (int head = 0; head < pci.displays().size(); head++) {
                    all.add(new DisplayHead(device.id(), head, pci.displays().get(head)));
                }
            }
        }
        return all;
    }

    List<DeviceInfo> list() {
        return devices.stream().map(PluggedDevice::info).toList();
    }

    /// Takes everything off, the last first. Nothing of the machine runs any more, and nobody is told.
    void close() {
        List.copyOf(devices).reversed().forEach(this::detach);
        devices.clear();
    }
}
