package io.sluice.vmm.testkit;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.memory.GuestRam;

public class Spin {
    public static void main(String[] args) throws Exception {
        var memory = new AddressSpace("memory", (1L << 40) - 1);
        var io = new AddressSpace("io", 0xFFFF);
        var ram = GuestRam.allocate(16 << 20);
        memory.mapRam(0, 16 << 20, ram, 0, true);
        var core = new Core(memory, io, new NoInterrupts());
        var interp = new Interpreter(core, memory);
        interp.reset();
        // 32-bit crc style loop, binary from a file
        byte[] code = java.nio.file.Files.readAllBytes(java.nio.file.Path.of(args[0]));
        ram.write(0x7c00, code);
        core.state.segments[1].base = 0;
        core.state.segments[1].selector = 0;
        core.state.rip = 0x7c00;
        for (int k = 0; k < 1; k++) {
            long t0 = System.nanoTime();
            long n0 = interp.instructions();
            var exit = interp.run();
            long t = System.nanoTime() - t0;
            System.out.printf(
                    "%s rip=%x rax=%x rbx=%x  %d insns %.1f MIPS%n",
                    exit,
                    core.state.rip,
                    core.state.gpr[0],
                    core.state.gpr[3],
                    interp.instructions() - n0,
                    (interp.instructions() - n0) * 1e3 / t);
        }
        ram.close();
    }
}
