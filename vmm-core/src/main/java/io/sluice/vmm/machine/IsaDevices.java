package io.sluice.vmm.machine;

import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.device.debugexit.DebugExit;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.DeviceType;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import java.util.List;

/// The ISA devices that `-device` can add.
final class IsaDevices implements Plugin {
    @Override
    public String name() {
        return "isa";
    }

    @Override
    public void register(PluginRegistry registry) {
        registry.device(new DebugExitType());
    }

    private static final class DebugExitType implements DeviceType {
        @Override
        public String name() {
            return "isa-debug-exit";
        }

        @Override
        public String description() {
            return "A write of v ends the machine with status v * 2 + 1";
        }

        @Override
        public String bus() {
            return "ISA";
        }

        @Override
        public List<Property> properties() {
            return List.of(
                    new Property(
                            "iobase",
                            Property.Kind.UINT32,
                            "First port",
                            "0x" + Integer.toHexString(DebugExit.DEFAULT_BASE)),
                    new Property(
                            "iosize",
                            Property.Kind.UINT32,
                            "Number of ports",
                            "0x" + Integer.toHexString(DebugExit.DEFAULT_LENGTH)));
        }

        @Override
        public Attachable create(DeviceContext context, PropertyValues properties) {
            long first = properties.number("iobase");
            long last = first + properties.number("iosize") - 1;
            if (last < first || last > Q35Map.LAST_PORT) {
                throw new PluginException("isa-debug-exit: the ports do not lie within 0x0 to 0xffff");
            }
            var device = new DebugExit(exitOf(context.power()));
            var mapping = context.io().add(new Mapping.Device(first, last, device, context.newStrand(), 0, false));
            return new Attachable.Platform(() -> {}, () -> context.io().remove(mapping));
        }

        private static MachinePower exitOf(DeviceContext.MachinePower power) {
            return new MachinePower() {
                @Override
                public void powerOff() {
                    power.powerOff();
                }

                @Override
                public void reset(String cause) {
                    power.reset();
                }

                @Override
                public void exit(int status) {
                    power.exit(status);
                }
            };
        }
    }
}
