package io.sluice.samples.ring;

/// One client: two rings, and the command that is being done. Indexes are masked, so they are always in their ring.
final class Client {
    /// The constants' places are the numbers that are read.
    enum State {
        ABSENT,
        RUNNING,
        STOPPED
    }

    final int number;
    final Command command = new Command();
    State state = State.ABSENT;
    StopReason reason = StopReason.NONE;
    long commands;
    long completions;
    int commandMask;
    int completionMask;
    /// The next command that the device takes, and one past the last that the client has written.
    int head;

    int tail;
    /// One past the last completion that the device has written, and that the client has taken.
    int posted;

    int seen;
    /// The phase of what comes next in each ring.
    boolean commandPhase;

    boolean completionPhase;
    /// Wants an interrupt at the next completion.
    boolean armed;
    /// Has a command in work, and how many bytes of it are done.
    boolean busy;

    int done;

    Client(int number) {
        this.number = number;
    }

    void create(long commandRing, int commandEntries, long completionRing, int completionEntries) {
        clear();
        commands = commandRing;
        commandMask = commandEntries - 1;
        completions = completionRing;
        completionMask = completionEntries - 1;
        state = State.RUNNING;
    }

    void clear() {
        state = State.ABSENT;
        reason = StopReason.NONE;
        head = tail = posted = seen = 0;
        commandMask = completionMask = 0;
        commandPhase = completionPhase = true;
        armed = busy = false;
        done = 0;
    }

    /// Something to do, and a place to say that it is done.
    boolean canWork() {
        return state == State.RUNNING && (busy || head != tail && (posted + 1 & completionMask) != seen);
    }

    /// @return whether the index is in the ring
    boolean ring(int newTail) {
        boolean inside = (newTail & ~commandMask) == 0;
        tail = inside ? newTail : tail;
        return inside;
    }

    /// @return whether all completions before `index` are there
    boolean see(int index) {
        boolean inside =
                (index & ~completionMask) == 0 && (index - seen & completionMask) <= (posted - seen & completionMask);
        seen = inside ? index : seen;
        return inside;
    }

    void takeCommand() {
        head = head + 1 & commandMask;
        commandPhase ^= head == 0;
        busy = false;
        done = 0;
    }

    void postedOne() {
        posted = posted + 1 & completionMask;
        completionPhase ^= posted == 0;
    }
}
