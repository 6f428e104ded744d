package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Null gets a message that names the argument, from every constructor and static method that users see. */
class NullArgumentsTest {
    private static List<Class<?>> api() {
        List<Class<?>> types = new ArrayList<>();
        new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("org.lora4j").stream()
                        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                        .filter(type -> type.getEnclosingClass()
                                .map(outer -> outer.getModifiers().contains(JavaModifier.PUBLIC))
                                .orElse(true))
                        .filter(type -> !type.getPackageName().contains(".internal"))
                        .map(JavaClass::reflect)
                        .forEach(types::add);
        return types;
    }

    /** Null for the references that must not be null, and a small number for the rest. */
    private static Object[] arguments(Executable executable) {
        Class<?>[] types = executable.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            if (types[i] == int.class) {
                arguments[i] = 1;
            } else if (types[i] == long.class) {
                arguments[i] = 1L;
            } else if (types[i] == double.class) {
                arguments[i] = 0.5;
            } else if (types[i] == boolean.class) {
                arguments[i] = false;
            }
        }
        return arguments;
    }

    private static boolean hasRequiredReference(Executable executable) {
        Class<?>[] types = executable.getParameterTypes();
        AnnotatedType[] annotated = executable.getAnnotatedParameterTypes();
        for (int i = 0; i < types.length; i++) {
            if (!types[i].isPrimitive() && !annotated[i].isAnnotationPresent(Nullable.class)) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Throwable thrown(Executable executable) throws ReflectiveOperationException {
        try {
            if (executable instanceof Constructor<?> constructor) {
                constructor.newInstance(arguments(executable));
            } else {
                ((Method) executable).invoke(null, arguments(executable));
            }
            return null;
        } catch (InvocationTargetException e) {
            return e.getCause();
        }
    }

    @Test
    @Tag("slow")
    void isRefusedWithTheNameOfTheArgument() throws ReflectiveOperationException {
        List<String> wrong = new ArrayList<>();
        int checked = 0;
        for (Class<?> type : api()) {
            List<Executable> executables = new ArrayList<>(List.of(type.getConstructors()));
            for (Method method : type.getMethods()) {
                boolean ofEnum = type.isEnum() && method.getName().equals("valueOf");
                if (Modifier.isStatic(method.getModifiers()) && method.getDeclaringClass() == type && !ofEnum) {
                    executables.add(method);
                }
            }
            for (Executable executable : executables) {
                if (!hasRequiredReference(executable)
                        || (Modifier.isAbstract(type.getModifiers()) && executable instanceof Constructor)) {
                    continue;
                }
                checked++;
                Throwable thrown = thrown(executable);
                String message = thrown == null ? "nothing" : String.valueOf(thrown.getMessage());
                boolean clear = (thrown instanceof NullPointerException || thrown instanceof IllegalArgumentException)
                        && message.contains("must not be null");
                if (!clear) {
                    wrong.add(executable + " threw " + thrown);
                }
            }
        }
        assertThat(checked).isGreaterThan(60);
        assertThat(wrong).isEmpty();
    }
}
