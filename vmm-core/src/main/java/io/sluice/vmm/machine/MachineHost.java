package io.sluice.vmm.machine;

import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.trace.TraceSink;
import java.util.List;
import java.util.ServiceLoader;

/// What a machine is given by the process around it.
public interface MachineHost {
    /// The loop of the platform devices.
    EventLoop vmLoop();

    /// One of the loops for PCI devices; any number will do.
    EventLoop ioLoop(int index);

    /// Where the machine hangs out what it counts.
    MeterBoard meters();

    /// The plugins that the machine has: all that are to be found, unless the process around it chooses.
    default Iterable<? extends Plugin> plugins() {
        return ServiceLoader.load(Plugin.class);
    }

    /// Adds what only the process around the machine can offer: object types that need its sockets.
    void register(PluginRegistry registry);

    /// Ends the loops. When this returns nothing runs on them any more.
    void closeLoops();

    /// Runs `task` on the thread that owns the machine, later, one at a time. That thread is in no strand and on no
    /// loop. Any thread may call; never blocks.
    void control(Runnable task);

    /// The far ends of the serial ports, COM1 first, as many as [MachineConfig#serial] has.
    List<CharBackend> serial();

    CharBackend debugConsole();

    /// The machine has ended; it waits to be closed. On the thread that owns the machine, once.
    void ended(MachineEnd end);

    /// Something has happened that those who watch the machine want to know. Any thread; never blocks.
    void emit(EventType.Event<?> event);

    /// Where the machine's log goes: what `-d` asked for.
    TraceSink log();
}
