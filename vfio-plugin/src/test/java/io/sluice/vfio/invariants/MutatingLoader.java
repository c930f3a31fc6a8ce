package io.sluice.vfio.invariants;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Loads the product and its driver once more, with one guard broken.
final class MutatingLoader extends ClassLoader {
    private static final String OURS = "io.sluice.";

    /// What the test and its drivers both know.
    private static final Set<String> COMMON = Stream.of(Driver.class, Outcome.class, Outcome.Kind.class)
            .map(Class::getName)
            .collect(Collectors.toSet());

    private final Mutation mutation;
    private boolean broken;

    MutatingLoader(Mutation mutation) {
        super(MutatingLoader.class.getClassLoader());
        this.mutation = mutation;
    }

    /// A driver of the broken product.
    Driver driver() {
        try {
            var type = loadClass(RandomDriver.class.getName());
            return (Driver) type.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether the guard was found and broken.
    boolean hasBroken() {
        return broken;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS) || COMMON.contains(name)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            var loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (var in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            var bytes = in.readAllBytes();
            var code = name.equals(mutation.className()) ? broken(bytes) : bytes;
            return defineClass(name, code, 0, code.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] broken(byte[] bytes) {
        var classes = ClassFile.of();
        var left = mutation.call();
        return classes.transformClass(classes.parse(bytes), left == null ? emptied() : shortened(left));
    }

    private boolean isTarget(MethodModel method) {
        return method.methodName().equalsString(mutation.method())
                && method.code().isPresent();
    }

    private ClassTransform emptied() {
        return (builder, element) -> {
            if (element instanceof MethodModel method && isTarget(method)) {
                broken = true;
                builder.withMethodBody(
                        method.methodName(), method.methodType(), method.flags().flagsMask(), code -> {
                            var result = method.methodTypeSymbol().returnType();
                            push(code, result);
                            code.return_(TypeKind.from(result));
                        });
            } else {
                builder.with(element);
            }
        };
    }

    private ClassTransform shortened(String left) {
        return ClassTransform.transformingMethodBodies(this::isTarget, (code, element) -> {
            if (element instanceof InvokeInstruction call && call.name().equalsString(left)) {
                broken = true;
                leaveOut(code, call);
            } else {
                code.with(element);
            }
        });
    }

    private void leaveOut(CodeBuilder code, InvokeInstruction call) {
        var type = call.typeSymbol();
        for (int i = type.parameterCount() - 1; i >= 0; i--) {
            if (TypeKind.from(type.parameterType(i)).slotSize() == 2) {
                code.pop2();
            } else {
                code.pop();
            }
        }
        if (call.opcode() != Opcode.INVOKESTATIC) {
            code.pop();
        }
        push(code, type.returnType());
    }

    private void push(CodeBuilder code, ClassDesc type) {
        switch (TypeKind.from(type)) {
            case VOID -> {}
            case LONG -> code.loadConstant((long) mutation.value());
            case FLOAT, DOUBLE -> throw new IllegalStateException("no guard answers " + type);
            case REFERENCE -> code.aconst_null();
            case BOOLEAN, BYTE, CHAR, SHORT, INT -> code.loadConstant(mutation.value());
        }
    }
}
