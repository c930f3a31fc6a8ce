package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.mmu.Tlb;
import io.sluice.vmm.memory.HostMemory;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import jdk.internal.misc.Unsafe;

/// Writes loads and stores that hit the translation cache; what misses jumps away, with nothing done so far.
///
/// A hit is written out to the last instruction, for HotSpot inlines nothing any more into a method as large as a
/// region may become. The fences keep it from changing the order of accesses (x86-TSO); on an x86 host they are no
/// instructions.
final class Accesses {
    private static final ClassDesc UNSAFE = ClassDesc.of(Unsafe.class.getName());
    private static final ClassDesc HOST_MEMORY = ClassDesc.of(HostMemory.class.getName());
    private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
    private static final ClassDesc L = ConstantDescs.CD_long;
    private static final ClassDesc I = ConstantDescs.CD_int;

    private final Emitter emit;
    private final AccessGroups groups;
    private final CodeBuilder code;

    Accesses(Emitter emit, AccessGroups groups) {
        this.emit = emit;
        this.groups = groups;
        this.code = emit.code;
    }

    /// Pushes what is at [Emitter#ADDRESS], zero-extended.
    void load(int size, Label missed) {
        get(size, find(size, false, missed));
    }

    /// Stores a local at [Emitter#ADDRESS].
    void store(int size, int value, Label missed) {
        put(size, value, find(size, true, missed));
    }

    /// A read and a write at [Emitter#ADDRESS] that are one access.
    ///
    /// @param change what is to be done with [Emitter#V] in between
    void update(int size, Label missed, Runnable change) {
        find(size, true, missed).run();
        code.lstore(Emitter.HOST);
        get(size, () -> code.lload(Emitter.HOST));
        code.lstore(Emitter.V);
        change.run();
        put(size, Emitter.V, () -> code.lload(Emitter.HOST));
    }

    /// A read and a write at [Emitter#ADDRESS] that nothing comes in between of. Not of two bytes.
    ///
    /// @param value sets [Emitter#V] to what is to be there instead; may be done again, and changes nothing else
    /// @param change what is to be done then, with [Emitter#V] as it was
    void updateLocked(int size, Label missed, Runnable value, Runnable change) {
        var again = code.newLabel();
        find(size, true, missed).run();
        code.lstore(Emitter.HOST);
        code.labelBinding(again);
        get(size, () -> code.lload(Emitter.HOST));
        code.lstore(Emitter.OLD);
        code.lload(Emitter.OLD).lstore(Emitter.V);
        value.run();
        compareAndSet(size);
        code.ifeq(again);
        code.lload(Emitter.OLD).lstore(Emitter.V);
        change.run();
    }

    /// Pushes, as an `int`, whether [Emitter#OLD] was still at [Emitter#HOST], and [Emitter#V] is there now.
    private void compareAndSet(int size) {
        if (!HostMemory.isChecked()) {
            emit.pushUnsafe();
            code.aconst_null();
        }
        code.lload(Emitter.HOST);
        for (int local : new int[] {Emitter.OLD, Emitter.V}) {
            code.lload(local);
            narrow(size);
        }
        if (HostMemory.isChecked()) {
            var shape = MethodTypeDesc.of(ConstantDescs.CD_boolean, L, plain(size), plain(size));
            code.invokestatic(HOST_MEMORY, "compareAndSet" + name(size), shape);
        } else {
            var shape = MethodTypeDesc.of(ConstantDescs.CD_boolean, OBJECT, L, type(size), type(size));
            code.invokevirtual(UNSAFE, "compareAndSet" + name(size), shape);
        }
    }

    /// Finds the page of the access at [Emitter#ADDRESS], or jumps if it is not cached.
    ///
    /// @return pushes its host address
    private Runnable find(int size, boolean write, Label missed) {
        var access = groups.access(size, write);
        if (access != null) {
            var open = groups.open(access);
            if (open != null) {
                return () -> pushHost(open, access);
            }
            var group = groups.lead(access);
            if (group != null) {
                find(write, group.low(), (int) (group.high() - group.low()), missed);
                pushHost();
                code.lstore(group.local());
                return () -> pushHost(group, access);
            }
        }
        find(write, 0, size, missed);
        return this::pushHost;
    }

    /// Sets [Emitter#SLOT] to where the table has a page, or jumps if it does not, or if the page does not hold all
    /// that is asked for.
    ///
    /// @param from where that begins, from [Emitter#ADDRESS]
    private void find(boolean write, long from, int size, Label missed) {
        code.lload(write ? Emitter.WRITE : Emitter.READ);
        pushAddress(from);
        code.bipush(Tlb.SHIFT).lushr().loadConstant((long) Tlb.MASK);
        code.land().ladd().lstore(Emitter.SLOT);
        emit.pushUnsafe();
        code.lload(Emitter.SLOT).invokevirtual(UNSAFE, "getLong", MethodTypeDesc.of(L, L));
        pushAddress(from + size - 1);
        code.loadConstant(Mmu.PAGE_MASK).land().lload(Emitter.CONTEXT).lor();
        code.lcmp().ifne(missed);
    }

    private void pushAddress(long more) {
        pushSum(Emitter.ADDRESS, more);
    }

    private void pushSum(int local, long more) {
        code.lload(local);
        if (more != 0) {
            code.loadConstant(more).ladd();
        }
    }

    /// Pushes the host address of an access whose group has found its page.
    private void pushHost(AccessGroups.Group group, AccessGroups.Access access) {
        pushSum(group.local(), group.offset(access));
    }

    /// Pushes the host address of [Emitter#ADDRESS].
    private void pushHost() {
        code.lload(Emitter.ADDRESS);
        emit.pushUnsafe();
        code.lload(Emitter.SLOT).loadConstant(8L).ladd();
        code.invokevirtual(UNSAFE, "getLong", MethodTypeDesc.of(L, L)).ladd();
    }

    private void get(int size, Runnable pushHost) {
        if (HostMemory.isChecked()) {
            pushHost.run();
            code.invokestatic(HOST_MEMORY, "get" + name(size), MethodTypeDesc.of(plain(size), L));
        } else {
            emit.pushUnsafe();
            code.aconst_null();
            pushHost.run();
            code.invokevirtual(UNSAFE, "get" + name(size) + "Acquire", MethodTypeDesc.of(type(size), OBJECT, L));
        }
        if (size < 8) {
            code.i2l();
            emit.zeroExtend(size);
        }
    }

    private void put(int size, int value, Runnable pushHost) {
        emit.pushUnsafe();
        code.invokevirtual(UNSAFE, "storeFence", MethodTypeDesc.of(ConstantDescs.CD_void));
        if (!HostMemory.isChecked()) {
            emit.pushUnsafe();
        }
        pushHost.run();
        code.lload(value);
        narrow(size);
        if (HostMemory.isChecked()) {
            code.invokestatic(
                    HOST_MEMORY, "put" + name(size), MethodTypeDesc.of(ConstantDescs.CD_void, L, plain(size)));
        } else {
            code.invokevirtual(UNSAFE, "put" + name(size), MethodTypeDesc.of(ConstantDescs.CD_void, L, type(size)));
        }
    }

    private void narrow(int size) {
        switch (size) {
            case 1 -> code.l2i().i2b();
            case 2 -> code.l2i().i2s();
            case 4 -> code.l2i();
            default -> {}
        }
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
