package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.mmu.Tlb;
import io.sluice.vmm.memory.HostMemory;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import jdk.internal.misc.Unsafe;

/// Writes loads and stores: the hit in the translation cache; behind it, out of the way, the interpreter's one, which
/// is
/// told before all that it needs for a fault.
///
/// A hit is written out to the last instruction, for HotSpot inlines nothing any more into a method as large as a
/// region
/// may become. The fences keep it from changing the order of accesses (x86-TSO); on an x86 host they are no
/// instructions.
final class Accesses {
    private static final ClassDesc RUNTIME = ClassDesc.of(TranslatedCode.class.getName());
    private static final ClassDesc UNSAFE = ClassDesc.of(Unsafe.class.getName());
    private static final ClassDesc HOST_MEMORY = ClassDesc.of(HostMemory.class.getName());
    private static final ClassDesc CORE = ClassDesc.of(Core.class.getName());
    private static final ClassDesc L = ConstantDescs.CD_long;
    private static final ClassDesc I = ConstantDescs.CD_int;

    private final Emitter emit;
    private final CodeBuilder code;

    Accesses(Emitter emit) {
        this.emit = emit;
        this.code = emit.code;
    }

    /// Pushes what is at the address in a local, zero-extended.
    void load(int size, int address, int point) {
        var missed = code.newLabel();
        var done = code.newLabel();
        look(Emitter.READ, size, address, missed);
        pushHost(address);
        code.lstore(Emitter.HOST);
        get(size);
        pushUnsafe();
        code.invokevirtual(UNSAFE, "loadFence", MethodTypeDesc.of(ConstantDescs.CD_void));
        code.goto_(done).labelBinding(missed);
        code.aload(Emitter.CORE).lload(address).loadConstant(size);
        emit.pushContext(point);
        code.invokestatic(RUNTIME, "load", MethodTypeDesc.of(L, CORE, L, I, I, I, I, L, L));
        code.labelBinding(done);
    }

    /// Stores a local at the address in another.
    ///
    /// @param asked goes on, after a miss, if something asks for attention then
    void store(int size, int address, int value, int point, Runnable asked) {
        var missed = code.newLabel();
        var done = code.newLabel();
        look(Emitter.WRITE, size, address, missed);
        pushHost(address);
        code.lstore(Emitter.HOST);
        put(size, value);
        code.goto_(done).labelBinding(missed);
        code.aload(Emitter.CORE).lload(address).lload(value).loadConstant(size);
        emit.pushContext(point);
        code.invokestatic(RUNTIME, "store", MethodTypeDesc.of(ConstantDescs.CD_boolean, CORE, L, L, I, I, I, I, L, L));
        code.ifeq(done);
        asked.run();
        code.labelBinding(done);
    }

    /// A read and a write that are one access, at [Emitter#ADDRESS]; it faults as a write.
    ///
    /// @param change what is to be done with [Emitter#V] in between
    /// @param otherwise does it all where there is no plain RAM
    void update(int size, int point, Runnable change, Runnable otherwise) {
        var missed = code.newLabel();
        var found = code.newLabel();
        var done = code.newLabel();
        look(Emitter.WRITE, size, Emitter.ADDRESS, missed);
        pushHost(Emitter.ADDRESS);
        code.lstore(Emitter.HOST);
        code.labelBinding(found);
        int cached = emit.cached();
        get(size);
        code.lstore(Emitter.V);
        change.run();
        put(size, Emitter.V);
        code.goto_(done).labelBinding(missed);
        int after = emit.cached();
        emit.setCached(cached);
        code.aload(Emitter.CORE).lload(Emitter.ADDRESS).loadConstant(size);
        emit.pushContext(point);
        code.invokestatic(RUNTIME, "find", MethodTypeDesc.of(L, CORE, L, I, I, I, I, L, L));
        code.lstore(Emitter.HOST);
        code.lload(Emitter.HOST).lconst_0().lcmp().ifne(found);
        otherwise.run();
        emit.cache(after);
        code.labelBinding(done);
    }

    /// Sets [Emitter#SLOT] to where the table's entry for an address is, and jumps if that is of another page, or if
    /// the
    /// page does not hold all of the access.
    private void look(int table, int size, int address, Label missed) {
        code.lload(table).lload(address).bipush(Tlb.SHIFT).lushr().loadConstant((long) Tlb.MASK);
        code.land().ladd().lstore(Emitter.SLOT);
        pushUnsafe();
        code.lload(Emitter.SLOT).invokevirtual(UNSAFE, "getLong", MethodTypeDesc.of(L, L));
        code.lload(address);
        if (size > 1) {
            code.loadConstant(size - 1L).ladd();
        }
        code.loadConstant(Mmu.PAGE_MASK).land().lload(Emitter.CONTEXT).lor();
        code.lcmp().ifne(missed);
    }

    /// Pushes the host address of a hit.
    private void pushHost(int address) {
        code.lload(address);
        pushUnsafe();
        code.lload(Emitter.SLOT).loadConstant(8L).ladd();
        code.invokevirtual(UNSAFE, "getLong", MethodTypeDesc.of(L, L)).ladd();
    }

    /// Pushes what is at [Emitter#HOST].
    private void get(int size) {
        var type = type(size);
        if (HostMemory.isChecked()) {
            code.lload(Emitter.HOST).invokestatic(HOST_MEMORY, "get" + name(size), MethodTypeDesc.of(plain(size), L));
        } else {
            pushUnsafe();
            code.lload(Emitter.HOST).invokevirtual(UNSAFE, "get" + name(size), MethodTypeDesc.of(type, L));
        }
        if (size < 8) {
            code.i2l();
            emit.zeroExtend(size);
        }
    }

    private void put(int size, int value) {
        pushUnsafe();
        code.invokevirtual(UNSAFE, "storeFence", MethodTypeDesc.of(ConstantDescs.CD_void));
        if (!HostMemory.isChecked()) {
            pushUnsafe();
        }
        code.lload(Emitter.HOST).lload(value);
        switch (size) {
            case 1 -> code.l2i().i2b();
            case 2 -> code.l2i().i2s();
            case 4 -> code.l2i();
            default -> {}
        }
        if (HostMemory.isChecked()) {
            code.invokestatic(
                    HOST_MEMORY, "put" + name(size), MethodTypeDesc.of(ConstantDescs.CD_void, L, plain(size)));
        } else {
            code.invokevirtual(UNSAFE, "put" + name(size), MethodTypeDesc.of(ConstantDescs.CD_void, L, type(size)));
        }
    }

    private void pushUnsafe() {
        code.getstatic(RUNTIME, "UNSAFE", UNSAFE);
    }

    private static String name(int size) {
        return switch (size) {
            case 1 -> "Byte";
            case 2 -> "Short";
            case 4 -> "Int";
            default -> "Long";
        };
    }

    private static ClassDesc type(int size) {
        return switch (size) {
            case 1 -> ConstantDescs.CD_byte;
            case 2 -> ConstantDescs.CD_short;
            default -> plain(size);
        };
    }

    private static ClassDesc plain(int size) {
        return size == 8 ? L : I;
    }
}
