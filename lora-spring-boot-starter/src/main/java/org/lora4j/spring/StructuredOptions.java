package org.lora4j.spring;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.cglib.proxy.Enhancer;
import org.springframework.cglib.proxy.MethodInterceptor;
import org.springframework.cglib.proxy.MethodProxy;

/**
 * Options of Spring AI 2.0 that hold tools and the schema of the answer: the options of Spring AI with tools, and a schema beside them.
 * Their class and that of their builder are made when the program runs, because this one is compiled with 1.1, whose interfaces are
 * others.
 */
final class StructuredOptions {
    private StructuredOptions() {}

    /** What the classes extend. */
    abstract static class Delegating {
        /** The options with tools, or their builder. */
        private final Object delegate;

        private @Nullable String schema;

        Delegating(Object delegate, @Nullable String schema) {
            this.delegate = delegate;
            this.schema = schema;
        }
    }

    /** Options without values. */
    static ChatOptions create() {
        return (ChatOptions) wrap(ToolCallingChatOptions.builder().build(), null);
    }

    private static boolean isBuilder(Object delegate) {
        return delegate instanceof ToolCallingChatOptions.Builder;
    }

    private static Object wrap(Object delegate, @Nullable String schema) {
        Enhancer enhancer = new Enhancer();
        enhancer.setSuperclass(Delegating.class);
        enhancer.setInterfaces(
                isBuilder(delegate)
                        ? new Class<?>[] {ToolCallingChatOptions.Builder.class, builderOfSchemas()}
                        : new Class<?>[] {ToolCallingChatOptions.class, StructuredOutputChatOptions.class});
        enhancer.setCallback((MethodInterceptor) StructuredOptions::call);
        return enhancer.create(new Class<?>[] {Object.class, String.class}, new @Nullable Object[] {delegate, schema});
    }

    /** The interface that 1.1 does not have. */
    private static Class<?> builderOfSchemas() {
        return Arrays.stream(StructuredOutputChatOptions.class.getDeclaredClasses())
                .filter(one -> one.getSimpleName().equals("Builder"))
                .findFirst()
                .orElseThrow();
    }

    private static @Nullable Object call(
            Object self, Method method, @Nullable Object[] arguments, @Nullable MethodProxy unused) throws Throwable {
        Delegating of = (Delegating) self;
        switch (method.getName()) {
            case "getOutputSchema" -> {
                return of.schema;
            }
            case "outputSchema" -> {
                of.schema = (String) arguments[0];
                return self;
            }
            case "equals" -> {
                return arguments[0] instanceof Delegating other
                        && of.delegate.equals(other.delegate)
                        && Objects.equals(of.schema, other.schema);
            }
            case "combineWith" -> {
                if (((ChatOptions.Builder) Objects.requireNonNull(arguments[0])).build()
                                instanceof StructuredOutputChatOptions other
                        && other.getOutputSchema() != null) {
                    of.schema = other.getOutputSchema();
                }
            }
            default -> {
                // The options with tools have it.
            }
        }
        Object result = invoke(of.delegate, method, arguments);
        if (result == of.delegate) {
            return self;
        }
        return result instanceof ToolCallingChatOptions || (result != null && isBuilder(result))
                ? wrap(result, of.schema)
                : result;
    }

    private static @Nullable Object invoke(Object delegate, Method method, @Nullable Object[] arguments)
            throws Throwable {
        Class<?> type = isBuilder(delegate) ? ToolCallingChatOptions.Builder.class : ToolCallingChatOptions.class;
        Method target = method.getDeclaringClass().isInstance(delegate)
                ? method
                : type.getMethod(method.getName(), method.getParameterTypes());
        Object[] plain = Arrays.stream(arguments)
                .map(one -> one instanceof Delegating other ? other.delegate : one)
                .toArray();
        try {
            return target.invoke(delegate, plain);
        } catch (InvocationTargetException e) {
            throw Objects.requireNonNullElse(e.getCause(), e);
        }
    }
}
