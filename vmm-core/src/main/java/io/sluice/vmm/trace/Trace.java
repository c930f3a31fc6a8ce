package io.sluice.vmm.trace;

import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// One machine's log: which items are on, and who hears them. All methods are for any thread.
///
/// An item costs one read of a field where it is asked for. A change is in force at once; a vCPU acts on it at its next
/// block.
public final class Trace {
    private final String guest;
    private final Tap log;
    private final List<Tap> taps = new CopyOnWriteArrayList<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    /// Items that were switched off; they stay so whoever listens.
    private int off;
    /// Items that are on and that somebody hears.
    private volatile int on;
    private volatile AddressFilter filter = AddressFilter.ALL;

    /// Somebody who hears of some items.
    private static final class Tap {
        final TraceSink sink;
        final boolean messages;
        final boolean hearsAll;
        /// What is on for it. Written under the lock of the trace.
        volatile int items;

        Tap(TraceSink sink, int items, boolean hearsAll, boolean messages) {
            this.sink = sink;
            this.items = items;
            this.hearsAll = hearsAll;
            this.messages = messages;
        }

        boolean hears(Item item) {
            return hearsAll || (items & item.bit()) != 0;
        }
    }

    /// What takes a listener off again. Closing twice does nothing.
    public interface Attachment extends AutoCloseable {
        @Override
        void close();
    }

    /// @param guest name of the machine
    /// @param log the machine's log (`-D`): hears the items that are switched on by [#set], and no messages
    public Trace(String guest, TraceSink log) {
        this.guest = guest;
        this.log = new Tap(log, 0, false, false);
        taps.add(this.log);
    }

    /// One that nobody hears and that is never on, for what stands in no machine.
    public static Trace none() {
        return new Trace("", told -> {});
    }

    /// Name of the machine.
    public String guest() {
        return guest;
    }

    // ---- telling

    /// Whether `item` is on: only then is a line worth making.
    public boolean on(Item item) {
        return (on & item.bit()) != 0;
    }

    /// As [#on], and `-dfilter` lets `address` pass.
    public boolean on(Item item, long address) {
        return on(item) && filter.holds(address);
    }

    /// Tells one or more lines of an item; nothing happens while the item is off.
    public void line(Item item, String text) {
        if (!on(item)) {
            return;
        }
        var told = told(item == Item.GUEST_ERRORS ? Level.WARNING : Level.DEBUG, item, text);
        for (var tap : taps) {
            if (tap.hears(item)) {
                tap.sink.accept(told);
            }
        }
    }

    /// A message of the program, for those who want these too.
    public void message(Level level, String text) {
        var told = told(level, null, text);
        for (var tap : taps) {
            if (tap.messages) {
                tap.sink.accept(told);
            }
        }
    }

    private static TraceRecord told(Level level, @Nullable Item item, String text) {
        return new TraceRecord(
                Instant.now(), level, item, text, Thread.currentThread().getName());
    }

    // ---- what is on

    /// Switches an item on, for the machine's log, or off for everybody.
    public void set(Item item, boolean wanted) {
        synchronized (this) {
            off = wanted ? off & ~item.bit() : off | item.bit();
            log.items = wanted ? log.items | item.bit() : log.items & ~item.bit();
            settle();
        }
        listeners.forEach(Runnable::run);
    }

    /// Which addresses `exec`, `in_asm` and `cpu` tell of.
    public void filter(AddressFilter addresses) {
        filter = addresses;
    }

    /// One more who hears: `items`, which are switched on for it.
    ///
    /// @param messages whether it hears the program's messages
    public Attachment attach(TraceSink sink, Set<Item> items, boolean messages) {
        return attach(new Tap(sink, Item.bits(items), false, messages));
    }

    /// One more who hears whatever is on; `items` are switched on for it.
    ///
    /// @param messages whether it hears the program's messages
    public Attachment attachToAll(TraceSink sink, Set<Item> items, boolean messages) {
        return attach(new Tap(sink, Item.bits(items), true, messages));
    }

    private Attachment attach(Tap tap) {
        synchronized (this) {
            taps.add(tap);
            off &= ~tap.items;
            settle();
        }
        listeners.forEach(Runnable::run);
        return () -> detach(tap);
    }

    private void detach(Tap tap) {
        synchronized (this) {
            taps.remove(tap);
            settle();
        }
        listeners.forEach(Runnable::run);
    }

    private void settle() {
        int wanted = 0;
        for (var tap : taps) {
            wanted |= tap.items;
        }
        on = wanted & ~off;
    }

    /// Told after each change, on the changing thread; for those who keep a copy of what is on.
    public Attachment onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /// The items that are on.
    public Set<Item> items() {
        var items = EnumSet.noneOf(Item.class);
        for (var item : Item.values()) {
            if (on(item)) {
                items.add(item);
            }
        }
        return items;
    }
}
