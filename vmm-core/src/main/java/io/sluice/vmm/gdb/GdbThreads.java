package io.sluice.vmm.gdb;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// vCPUs as the threads of one process: thread N is vCPU N - 1. Also which thread later packets are about.
final class GdbThreads {
    /// All threads.
    static final int ALL = -1;
    /// Any thread will do.
    static final int ANY = -2;

    private final int vcpus;
    /// The vCPU whose registers and memory are meant.
    private int current;
    /// The vCPU that `s` steps, or [#ALL].
    private int runs = ALL;

    GdbThreads(int vcpus) {
        this.vcpus = vcpus;
    }

    int current() {
        return current;
    }

    void select(int vcpu) {
        current = vcpu;
    }

    /// The vCPU that a packet without a thread of its own steps.
    int steps() {
        return runs == ALL ? current : runs;
    }

    /// `H`: which thread is meant from now on, for registers and memory (`g`) or for running (`c`).
    String choose(PacketText packet) {
        char what = packet.next();
        int vcpu = read(packet);
        packet.requireEnd();
        switch (what) {
            case 'g' -> current = vcpu < 0 ? current : vcpu;
            case 'c' -> runs = vcpu == ANY ? current : vcpu;
            default -> throw GdbRefusal.invalid();
        }
        return "OK";
    }

    /// A thread's number: a vCPU, [#ALL] or [#ANY].
    int read(PacketText packet) {
        if (packet.take("-1")) {
            return ALL;
        }
        int thread = packet.smallNumber();
        if (thread > vcpus) {
            throw GdbRefusal.invalid();
        }
        return thread == 0 ? ANY : thread - 1;
    }

    /// The number of a thread that there is.
    int readOne(PacketText packet) {
        int vcpu = read(packet);
        packet.requireEnd();
        if (vcpu < 0) {
            throw GdbRefusal.invalid();
        }
        return vcpu;
    }

    static String name(int vcpu) {
        return Integer.toHexString(vcpu + 1);
    }

    String list() {
        return "m" + IntStream.range(0, vcpus).mapToObj(GdbThreads::name).collect(Collectors.joining(","));
    }
}
