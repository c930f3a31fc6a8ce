package io.sluice.guest.cpu;

import io.sluice.guest.asm.Asm;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.cpu.ApicAdapter;
import io.sluice.vmm.cpu.interp.Attention;
import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.interp.RegionPlan;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.jit.BytecodeTranslator;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Segment;
import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.DeliveryMode;
import io.sluice.vmm.irq.LocalApic;
import io.sluice.vmm.irq.VcpuPort;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// One vCPU with 4 MiB of RAM, in the mode that the test asks for, with tables, stacks and a handler for every vector
/// that stops. Linear is physical; pages below 1 MiB are the supervisor's, pages from there on the user's.
final class Rig extends RigMemory {
    static final int RAM_SIZE = 0x40_0000;

    // Where things are.
    static final int PML4 = 0x1000;
    static final int PDPT = 0x2000;
    static final int DIRECTORY = 0x3000;
    static final int TABLE = 0x4000;
    static final int GDT = 0x6000;
    static final int IDT = 0x7000;
    static final int TSS = 0x8000;
    static final int HANDLERS = 0x9000;
    static final int STACK = 0xC000;
    static final int IST1 = 0xD000;
    static final int CODE = 0x1_0000;
    static final int HANDLER_CODE = 0x1_8000;
    static final int DATA = 0x2_0000;
    static final int USER_CODE = 0x10_0000;
    static final int USER_DATA = 0x11_0000;
    static final int USER_STACK = 0x12_1000;

    // Selectors.
    static final int CS32 = 0x08;
    static final int DS = 0x10;
    static final int CS64 = 0x18;
    static final int CS16 = 0x20;
    static final int DS16 = 0x28;
    static final int USER_CS32 = 0x33;
    static final int USER_DS = 0x3B;
    static final int USER_CS64 = 0x43;
    static final int TASK = 0x48;
    /// The first one that is free for the test (up to 0xF8).
    static final int FREE = 0x60;

    private static final int GDT_LIMIT = 0xFF;

    /// The vector by which user code ends.
    static final int DONE = 0x20;

    /// How often code is interpreted before it is translated, in tests that do not say: they run once with all of it
    /// interpreted and once with all of it translated.
    private static final int HOT_AT = Integer.getInteger("sluice.testkit.hot", Integer.MAX_VALUE);

    /// `OUT STOP_PORT, AL` stops the vCPU wherever it is.
    static final int STOP_PORT = 0x80;

    static final int TABLE_ENTRY = 7;
    static final int PRESENT = 1;
    static final int WRITABLE = 2;
    static final int USER = 4;
    static final int ACCESSED = 0x20;
    static final int DIRTY = 0x40;
    static final int LARGE = 0x80;
    static final int GLOBAL = 0x100;
    static final long NX = Long.MIN_VALUE;

    /// PE MP ET NE WP AM.
    static final long CR0 = 0x5_0033;

    static final long PG = 1L << 31;

    final AddressSpace memory = new AddressSpace("memory", 0xFF_FFFF_FFFFL);
    final AddressSpace io = new AddressSpace("io", 0xFFFF);
    final DirectLoop loop = new DirectLoop();
    final Ports ports = new Ports();
    final ApicBus bus = new ApicBus();
    final LocalApic apic;
    final Interpreter interpreter;
    /// What was to be translated, in this order.
    final List<RegionPlan> plans = new ArrayList<>();
    final CpuState cpu;
    long now = 1_000_000;

    private final Map<String, Long> labels = new HashMap<>();
    private final int bits;
    private int handlers;

    private Rig(int bits) {
        this(bits, HOT_AT);
    }

    private Rig(int bits, int hotAt) {
        super(RAM_SIZE);
        this.bits = bits;
        memory.mapRam(0, RAM_SIZE, ram, 0, true);
        io.mapDevice(Ports.FIRST, Ports.COUNT, ports, loop.strand());
        var stopper = new Ports();
        stopper.onWrite = () -> attend(Attention.STOP);
        io.mapDevice(STOP_PORT, 1, stopper, loop.strand());
        var clock = new MachineClock(() -> now++);
        clock.start();
        apic = new LocalApic(0, true, clock, bus, new Kicks());
        var adapter = new ApicAdapter(apic, () -> 0xFF);
        var translator = new BytecodeTranslator();
        interpreter = new Interpreter(
                new Core(memory, io, new RigPorts(adapter, clock)),
                memory,
                plan -> {
                    plans.add(plan);
                    return translator.translate(plan);
                },
                hotAt);
        cpu = interpreter.core().state;
        interpreter.reset();
        cpu.gpr[2] = 0;
        fillTables();
    }

    // ---- modes

    /// Real mode: code at 1000:0000, stack at 0000:C000.
    static Rig real() {
        var rig = new Rig(16);
        for (int vector = 0; vector < 256; vector++) {
            rig.put32(4L * vector, HANDLERS / 16 << 16 | 16 * vector);
        }
        rig.cpu.idtLimit = 0x3FF;
        rig.cpu.segments[Insn.CS].selector = CODE >> 4;
        rig.cpu.segments[Insn.CS].base = CODE;
        rig.cpu.rip = 0;
        rig.cpu.gpr[4] = STACK;
        return rig;
    }

    /// 32-bit protected mode at level 0, no paging, all segments flat.
    static Rig protected32() {
        var rig = new Rig(32);
        rig.cpu.cr0 = CR0;
        rig.idt32();
        rig.enter(CS32, DS, CODE, STACK);
        rig.task(Descriptor.TSS_BUSY, 0x67);
        rig.put32(TSS + 4, STACK);
        rig.put32(TSS + 8, DS);
        return rig;
    }

    /// 64-bit mode at level 0; 4 KiB pages.
    static Rig long64() {
        return long64(HOT_AT);
    }

    /// @param hotAt how often code is interpreted before it is translated
    static Rig long64(int hotAt) {
        var rig = new Rig(64, hotAt);
        rig.cpu.cr0 = CR0 | PG;
        rig.cpu.cr3 = PML4;
        rig.cpu.cr4 = 1 << 5 | 1 << 9 | 1 << 10;
        rig.cpu.efer = 1 | 1 << 8 | 1 << 10 | 1 << 11;
        rig.idt64();
        rig.pages();
        rig.enter(CS64, DS, CODE, STACK);
        rig.task(Descriptor.TSS_BUSY, 0x67);
        rig.put64(TSS + 4, STACK);
        rig.put64(TSS + 36, IST1);
        return rig;
    }

    /// The same at level 3: code at [#USER_CODE].
    static Rig user64() {
        var rig = long64();
        rig.enter(USER_CS64, USER_DS, USER_CODE, USER_STACK);
        return rig;
    }

    static Rig user32() {
        var rig = protected32();
        rig.enter(USER_CS32, USER_DS, USER_CODE, USER_STACK);
        return rig;
    }

    /// Compatibility mode at level 3.
    static Rig compatible() {
        var rig = long64();
        rig.enter(USER_CS32, USER_DS, USER_CODE, USER_STACK);
        return rig;
    }

    private void fillTables() {
        descriptor(CS32, Descriptor.flat(Descriptor.CODE, Descriptor.BIG));
        descriptor(DS, Descriptor.flat(Descriptor.DATA, Descriptor.BIG));
        descriptor(CS64, Descriptor.flat(Descriptor.CODE, Descriptor.LONG));
        descriptor(CS16, Descriptor.segment(0, 0xFFFF, Descriptor.CODE, Descriptor.BYTES));
        descriptor(DS16, Descriptor.segment(0, 0xFFFF, Descriptor.DATA, Descriptor.BYTES));
        descriptor(USER_CS32, Descriptor.flat(Descriptor.dpl(Descriptor.CODE, 3), Descriptor.BIG));
        descriptor(USER_DS, Descriptor.flat(Descriptor.dpl(Descriptor.DATA, 3), Descriptor.BIG));
        descriptor(USER_CS64, Descriptor.flat(Descriptor.dpl(Descriptor.CODE, 3), Descriptor.LONG));
        descriptor(TASK, Descriptor.segment(TSS, 0x67, Descriptor.TSS_BUSY, 0));
        cpu.gdtBase = GDT;
        cpu.gdtLimit = GDT_LIMIT;
        for (int vector = 0; vector < 256; vector++) {
            // HLT, for ever.
            ram.write(HANDLERS + 16L * vector, new byte[] {(byte) 0xF4, (byte) 0xEB, (byte) 0xFD});
        }
    }

    private static int gateAccess(int vector) {
        boolean open = vector == 3 || vector == 4 || vector == DONE;
        return Descriptor.dpl(Descriptor.INTERRUPT_GATE, open ? 3 : 0);
    }

    private void idt32() {
        cpu.idtBase = IDT;
        cpu.idtLimit = 0x7FF;
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, Descriptor.gate(CS32, HANDLERS + 16L * vector, gateAccess(vector), 0));
        }
    }

    private void idt64() {
        cpu.idtBase = IDT;
        cpu.idtLimit = 0xFFF;
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, Descriptor.gate(CS64, HANDLERS + 16L * vector, gateAccess(vector), 0));
        }
    }

    private void pages() {
        put64(PML4, PDPT | TABLE_ENTRY);
        put64(PDPT, DIRECTORY | TABLE_ENTRY);
        for (int table = 0; table < 2; table++) {
            put64(DIRECTORY + 8L * table, TABLE + 0x1000L * table | TABLE_ENTRY);
        }
        for (int page = 0; page < RAM_SIZE; page += 0x1000) {
            map(page, page | PRESENT | WRITABLE | (page >= USER_CODE ? USER : 0));
        }
    }

    /// Sets the page-table entry of a page below 4 MiB.
    void map(long linear, long entry) {
        put64(entryOf(linear), entry);
    }

    /// Where the page-table entry of a page below 4 MiB is.
    static int entryOf(long linear) {
        return TABLE + (int) (linear >> 12) * 8;
    }

    /// The page-table entry of a page below 4 MiB.
    long entry(long linear) {
        return get64(entryOf(linear));
    }

    private void task(int access, long limit) {
        cpu.tr.selector = TASK;
        cpu.tr.base = TSS;
        cpu.tr.limit = limit;
        cpu.tr.access = access;
        // The port permission map lies beyond the limit: no port is the user's.
        put16(TSS + 0x66, 0x68);
        cpu.ldtr.usable = false;
        cpu.ldtr.selector = 0;
    }

    /// Starts at `ip` with CS and all data segments as the GDT has them.
    void enter(int cs, int data, long ip, long sp) {
        cpu.cpl = cs & 3;
        load(cpu.segments[Insn.CS], cs);
        for (int number : new int[] {Insn.ES, Insn.SS, Insn.DS, Insn.FS, Insn.GS}) {
            load(cpu.segments[number], data);
        }
        cpu.rip = ip;
        cpu.gpr[4] = sp;
    }

    private void load(Segment segment, int selector) {
        long descriptor = get64(GDT + (selector & 0xFFF8));
        segment.selector = selector;
        segment.base = descriptor >>> 16 & 0xFF_FFFF | descriptor >>> 32 & 0xFF00_0000L;
        long limit = descriptor & 0xFFFF | descriptor >>> 32 & 0xF_0000;
        segment.limit = descriptor << 8 < 0 ? limit << 12 | 0xFFF : limit;
        segment.access = (int) (descriptor >>> 40) & 0xF0FF;
        segment.usable = true;
    }

    // ---- tables

    void descriptor(int selector, long value) {
        put64(GDT + (selector & 0xFFF8), value);
    }

    void gate(int vector, long value) {
        put64(bits == 64 ? IDT + 16L * vector : IDT + 8L * vector, value);
    }

    // ---- guests

    /// Assembles the guest where the vCPU stands; behind it comes its end.
    Rig code(Consumer<Asm> guest) {
        var cs = cpu.segments[Insn.CS];
        assemble(cs.base, cpu.rip, guest);
        return this;
    }

    /// Assembles at offset `origin` of a segment at `base`, for the mode of the rig.
    void assemble(long base, long origin, Consumer<Asm> guest) {
        assemble(bits == 64 && !cpu.segments[Insn.CS].isLong() ? 32 : bits, base, origin, guest);
    }

    void assemble(int codeBits, long base, long origin, Consumer<Asm> guest) {
        var asm = new Asm(origin);
        switch (codeBits) {
            case 16 -> asm.bits16();
            case 32 -> asm.bits32();
            default -> asm.bits64();
        }
        guest.accept(asm);
        long end = origin + asm.position();
        labels.put("end", end);
        if (cpu.cpl == 3) {
            asm.intr(DONE);
        } else {
            asm.db(0xF4);
        }
        ram.write(base + origin, asm.assemble());
    }

    /// The address of the guest's end, or of what [#mark] noted.
    long at(String name) {
        var address = labels.get(name);
        if (address == null) {
            throw new IllegalArgumentException("no such mark: " + name);
        }
        return address;
    }

    /// Notes the address of the next instruction, to be asked with [#at].
    void mark(Asm asm, String name) {
        asm.label(name);
        labels.put(name, asm.addressOf(name));
    }

    /// A handler of the test's own in place of the one that stops.
    void handler(int vector, Consumer<Asm> body) {
        int at = HANDLER_CODE + 0x100 * handlers++;
        var asm = new Asm(bits == 16 ? at - CODE : at);
        switch (bits) {
            case 16 -> asm.bits16();
            case 32 -> asm.bits32();
            default -> asm.bits64();
        }
        body.accept(asm);
        ram.write(at, asm.assemble());
        if (bits == 16) {
            put32(4L * vector, (CODE >> 4) << 16 | at - CODE);
        } else {
            gate(vector, Descriptor.gate(bits == 64 ? CS64 : CS32, at, gateAccess(vector), 0));
        }
    }

    /// Runs until the guest halts for good. A guest that waits for its timer has its clock turned.
    Stop run() {
        interpreter.core().stateChanged();
        return proceed();
    }

    /// Goes on after a stop; nothing is told to the vCPU but what happened meanwhile.
    Stop proceed() {
        var exit = interpreter.run();
        while (exit == Interpreter.Exit.HALTED && cpu.flag(CpuState.IF) && apic.nextDeadline() != Long.MAX_VALUE) {
            now = Math.max(now, apic.nextDeadline());
            exit = interpreter.run();
        }
        if (exit != Interpreter.Exit.HALTED) {
            throw new AssertionError("the vCPU came back with " + exit);
        }
        return stop();
    }

    /// Runs a guest that is expected to shut down.
    Interpreter.Exit runToExit() {
        interpreter.core().stateChanged();
        return interpreter.run();
    }

    /// Runs a guest, which may use ports at every level, until it writes to [#STOP_PORT].
    void runToStopPort() {
        cpu.systemFlags |= CpuState.IOPL;
        var exit = runToExit();
        if (exit != Interpreter.Exit.STOPPED) {
            throw new AssertionError("the vCPU came back with " + exit);
        }
    }

    private Stop stop() {
        var cs = cpu.segments[Insn.CS];
        long at = cs.base + cpu.rip - 1 - HANDLERS;
        if (at < 0 || at >= 0x1000 || at % 16 != 0) {
            return new Stop(
                    Stop.END, Stop.NONE, cpu.rip, cs.selector, cpu.flags(), cpu.gpr[4], cpu.segments[Insn.SS].selector);
        }
        int vector = (int) at / 16;
        boolean coded = bits != 16 && (vector == 8 || vector >= 10 && vector <= 14 || vector == 17);
        int word = bits / 8;
        long sp = cpu.segments[Insn.SS].base + (bits == 64 ? cpu.gpr[4] : cpu.gpr[4] & 0xFFFF_FFFFL);
        int code = coded ? (int) get64(sp) : Stop.NONE;
        long frame = coded ? sp + word : sp;
        long flags = word(frame + 2L * word, word);
        int oldCs = (int) word(frame + word, word) & 0xFFFF;
        boolean stack = bits == 64 || bits == 32 && ((oldCs & 3) != cpu.cpl || (flags & CpuState.VM) != 0);
        return new Stop(
                vector,
                code,
                word(frame, word),
                oldCs,
                flags,
                stack ? word(frame + 3L * word, word) : frame + 3L * word,
                stack ? (int) word(frame + 4L * word, word) & 0xFFFF : cpu.segments[Insn.SS].selector);
    }

    private long word(long address, int size) {
        return size == 8 ? get64(address) : size == 4 ? get32(address) : get16(address);
    }

    // ---- the world around

    /// Enables the local APIC.
    void enableApic() {
        apic.write(0xF0, 0x1FF);
    }

    /// A message for the vCPU's APIC.
    void interrupt(int vector) {
        bus.deliver(0, false, DeliveryMode.FIXED, vector, false);
    }

    void nmi() {
        bus.deliver(0, false, DeliveryMode.NMI, 0, false);
    }

    /// A device of the test's at a physical address.
    void device(long gpa, long length, BusDevice device) {
        memory.mapDevice(gpa, length, device, loop.strand());
    }

    private void attend(int reason) {
        interpreter.attend(reason);
    }

    private final class Kicks implements VcpuPort {
        @Override
        public void kick() {
            attend(Attention.APIC);
        }

        @Override
        public void nmi() {
            attend(Attention.NMI);
        }

        @Override
        public void smi() {}

        @Override
        public void init() {
            attend(Attention.INIT);
        }

        @Override
        public void startup(int vector) {
            interpreter.startup(vector);
        }
    }
}
