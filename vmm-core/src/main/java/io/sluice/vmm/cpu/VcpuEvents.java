package io.sluice.vmm.cpu;

/// What a vCPU tells the machine, on its own thread. Must not wait for the vCPU.
public interface VcpuEvents {
    /// The processor shut down: a fault while a double fault was delivered. It stays stopped until it is reset.
    void shutDown(int vcpu);

    /// A bug of ours; the vCPU stays stopped.
    void failed(int vcpu, Throwable cause);
}
