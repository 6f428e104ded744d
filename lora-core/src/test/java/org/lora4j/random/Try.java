package org.lora4j.random;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.opentest4j.TestAbortedException;

/** One run of a random test, with the value of each parameter by its name. */
record Try(Map<String, Object> values)
        implements TestTemplateInvocationContext, ParameterResolver, TestExecutionExceptionHandler {
    /** Returns the number of the try and its values, so that the name of a failed try says how to repeat it. */
    @Override
    public String getDisplayName(int number) {
        return values.entrySet().stream()
                .map(value -> value.getKey() + " = " + value.getValue())
                .collect(Collectors.joining(", ", "try " + number + ": ", ""));
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
        return List.of(this);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getDeclaringExecutable().equals(test.getRequiredTestMethod());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        return values.get(parameter.getParameter().getName());
    }

    /** Puts the name of the try into the message of its failure, because the log of a build does not have the name. */
    @Override
    public void handleTestExecutionException(ExtensionContext test, Throwable failure) throws Throwable {
        if (failure instanceof TestAbortedException) {
            throw failure;
        }
        throw new AssertionError(test.getDisplayName() + ": " + failure.getMessage(), failure);
    }
}
