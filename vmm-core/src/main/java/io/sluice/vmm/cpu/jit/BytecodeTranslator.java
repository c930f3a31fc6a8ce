package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Region;
import io.sluice.vmm.cpu.interp.RegionPlan;
import io.sluice.vmm.cpu.interp.Translator;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/// Translates a region to a hidden class with one method, which HotSpot compiles.
public final class BytecodeTranslator implements Translator {
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final ClassDesc NAME = ClassDesc.of(BytecodeTranslator.class.getPackageName(), "Translated");
    private static final ClassDesc POINTS =
            ClassDesc.of(Region.Point.class.getName()).arrayType();
    private static final MethodTypeDesc CONSTRUCTOR =
            MethodTypeDesc.of(ConstantDescs.CD_void, POINTS, ConstantDescs.CD_int);

    /// Of the method's code. HotSpot leaves a longer method to its interpreter, unless it is told otherwise, as the
    /// launcher does; then C1 runs out of virtual registers somewhere above 20,000.
    private static final int MOST_BYTES = Integer.getInteger("sluice.jit.bytes", 8_000);

    private final ClassFile classFile =
            ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofClassLoading(LOOKUP)));

    @Override
    public @Nullable Region translate(RegionPlan plan) {
        var writers = new RegionWriter[1];
        byte[] bytes;
        try {
            bytes = write(plan, writers);
        } catch (IllegalArgumentException e) {
            // More than the 64 KiB that a method may have.
            return null;
        }
        if (codeLength(bytes) > MOST_BYTES) {
            return null;
        }
        var writer = writers[0];
        try {
            var made = LOOKUP.defineHiddenClassWithClassData(bytes, writer.operations(), true);
            var constructor = made.lookupClass().getDeclaredConstructor(Region.Point[].class, int.class);
            int counted = plan.counted() ? plan.parts().size() : 0;
            return (Region) constructor.newInstance(writer.points(), counted);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("translated code is not accepted", e);
        }
    }

    private int codeLength(byte[] bytes) {
        return classFile.parse(bytes).methods().stream()
                .flatMap(method -> method.findAttribute(Attributes.code()).stream())
                .mapToInt(CodeAttribute::codeLength)
                .max()
                .orElse(0);
    }

    private byte[] write(RegionPlan plan, RegionWriter[] writers) {
        return classFile.build(NAME, type -> {
            type.withFlags(ClassFile.ACC_FINAL).withSuperclass(Emitter.REGION);
            type.withMethodBody(
                    ConstantDescs.INIT_NAME,
                    CONSTRUCTOR,
                    0,
                    code -> code.aload(0)
                            .aload(1)
                            .iload(2)
                            .invokespecial(Emitter.REGION, ConstantDescs.INIT_NAME, CONSTRUCTOR)
                            .return_());
            type.withMethodBody("run", Emitter.RUN, ClassFile.ACC_PUBLIC, code -> {
                writers[0] = new RegionWriter(plan, code);
                writers[0].write();
            });
        });
    }
}
