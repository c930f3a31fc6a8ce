package io.sluice.vmm.qmp;

/// What a server tells of itself, for metrics and logs. Called on the event loop or on the machine's thread; must not
/// block.
public interface QmpEvents {
    /// What stands for a command that is in no table.
    String UNKNOWN = "unknown";

    /// For whom nothing of it is news.
    QmpEvents NONE = new QmpEvents() {};

    /// Clients can connect now. The address is the real one: a port that was 0 is not any more.
    default void listening(QmpEndpoint endpoint, QmpAddress address) {}

    default void connected(QmpEndpoint endpoint) {}

    default void disconnected(QmpEndpoint endpoint) {}

    /// A command was carried out, or refused.
    ///
    /// @param name the command's; [#UNKNOWN] if there is none of that name, or it was no command
    /// @param nanos from its turn to its reply
    default void command(String name, boolean succeeded, long nanos) {}

    /// An event went out to those who are connected.
    default void event(String name) {}

    /// A command threw what is no refusal, or an event has data that cannot be told. A command's client was told; the
    /// machine's owner decides what becomes of it.
    ///
    /// @param name the command's, or the event's
    default void failed(String name, Throwable failure) {}

    /// A client did not read and was left behind, or is one too many: it is disconnected.
    default void dropped(QmpEndpoint endpoint, String reason) {}

    /// Whether [#message] is to be called.
    default boolean traces() {
        return false;
    }

    /// One or more messages as they went out, or bytes as they came in.
    default void message(QmpEndpoint endpoint, boolean fromClient, String text) {}
}
