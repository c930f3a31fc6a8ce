package io.sluice.vfio.host.process;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The requests that one kind of file answers, each with its name. What is not in it is refused with ENOTTY.
///
/// @param <F> the kind of file
public final class RequestTable<F extends OpenFile> {
    /// Does a request.
    @FunctionalInterface
    public interface Handler<F, Q, R> {
        /// @param caller who asks
        R handle(F file, Process caller, Q request);
    }

    private record Entry<F>(String name, Handler<F, Request<?>, ?> handler) {}

    private final String kind;
    private final Class<F> type;
    private final Map<Class<?>, Entry<F>> entries = new LinkedHashMap<>();

    private RequestTable(String kind, Class<F> type) {
        this.kind = kind;
        this.type = type;
    }

    /// @param kind what such a file is called in traces
    public static <F extends OpenFile> RequestTable<F> of(String kind, Class<F> type) {
        return new RequestTable<>(kind, type);
    }

    /// Adds a request. A table is whole before the first file of its kind is opened.
    ///
    /// @param name as in the kernel's headers
    public <R, Q extends Request<R>> RequestTable<F> on(String name, Class<Q> request, Handler<F, Q, R> handler) {
        Handler<F, Request<?>, R> any = (file, caller, r) -> handler.handle(file, caller, request.cast(r));
        if (entries.putIfAbsent(request, new Entry<>(name, any)) != null) {
            throw new IllegalStateException(kind + " answers " + name + " twice");
        }
        return this;
    }

    public String kind() {
        return kind;
    }

    /// The names of all requests.
    public List<String> names() {
        return entries.values().stream().map(Entry::name).toList();
    }

    /// The requests themselves.
    public Set<Class<?>> types() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    /// The name of a request, also of one that is not in the table.
    String name(Request<?> request) {
        var entry = entries.get(request.getClass());
        return entry == null ? request.getClass().getSimpleName() : entry.name;
    }

    Object dispatch(OpenFile file, Process caller, Request<?> request) {
        var entry = entries.get(request.getClass());
        if (entry == null) {
            throw new HostException(
                    Errno.ENOTTY, kind + " has no " + request.getClass().getSimpleName());
        }
        return entry.handler.handle(type.cast(file), caller, request);
    }
}
